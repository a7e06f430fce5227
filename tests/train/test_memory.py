"""Out of memory becomes advice; other errors stay what they are."""

import subprocess
import sys

import pytest
import torch

from foretell.core.errors import RunError
from foretell.train.memory import advice_when_memory_runs_out


def running(error, *, full_softmax=False):
    with advice_when_memory_runs_out(size="base", n_items=5, n_negatives=1024, full_softmax=full_softmax):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"
        ),
    ],
)
def test_it_says_what_to_lower(error):
    with pytest.raises(RunError, match="n_negatives below 1,024") as caught:
        running(error)
    assert "'base'" in str(caught.value)
    assert caught.value.__cause__ is error


def test_the_exact_softmax_is_named_where_it_was_used():
    with pytest.raises(RunError, match="sampled_softmax"):
        running(MemoryError(), full_softmax=True)


def test_a_real_allocation_that_cannot_be():
    """In a process of its own: after a failure glibc serves the thread from another arena, and other tests feel it."""
    code = """
import torch
from foretell.train.memory import advice_when_memory_runs_out
with advice_when_memory_runs_out(size="xl", n_items=1, n_negatives=1, full_softmax=False):
    torch.empty(1 << 60)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "foretell.core.errors.RunError: The memory did not suffice" in ran.stderr


def test_another_error_goes_through():
    with pytest.raises(RuntimeError, match="shapes"):
        running(RuntimeError("shapes do not fit"))
