"""Memory that is freed is used again, where the C library can be told so."""

import platform
import subprocess
import sys

import pytest

from foretell.core.allocator import keep_freed_memory


def test_it_may_be_called_again_and_says_the_same():
    assert keep_freed_memory() is keep_freed_memory()


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("musl", ""))
    assert keep_freed_memory.__wrapped__() is False


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_large_blocks_are_not_faulted_in_again():
    """Writing a fresh block of 64 MB a hundred times touches its pages once, not a hundred times."""
    code = """
import resource
import sys
from foretell.core.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
import numpy
for _ in range(100):
    numpy.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""
    faults = [
        int(subprocess.run([sys.executable, "-c", code, mode], check=True, capture_output=True, text=True).stdout)
        for mode in ("keep", "plain")
    ]
    assert faults[0] < 0.5 * faults[1]
