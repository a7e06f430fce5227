"""Freed memory is kept during long work, and given back after it."""

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from foretell.core.memory import _glibc, freed_memory_kept

N = 12_000_000  # 96 MB: glibc gives blocks of this size back at once


def _faults_of_a_block() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(N).sum()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(_glibc() is None, reason="the C library is not glibc")
def test_within_it_a_freed_block_is_used_again_and_afterwards_given_back():
    with freed_memory_kept():
        _faults_of_a_block()
        again = [_faults_of_a_block() for _ in range(3)]
        held = _resident_bytes()
    assert max(again) < 40, "fewer than there are huge pages in the block"
    assert held - _resident_bytes() > 0.8 * 8 * N


def test_elsewhere_nothing_happens(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with freed_memory_kept():
        assert _glibc() is None


def test_an_error_within_goes_through():
    with pytest.raises(ZeroDivisionError), freed_memory_kept():
        raise ZeroDivisionError


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(_glibc() is None, reason="the C library is not glibc")
def test_the_outermost_gives_back():
    with freed_memory_kept():
        with freed_memory_kept():
            _faults_of_a_block()
        assert _faults_of_a_block() < 40
