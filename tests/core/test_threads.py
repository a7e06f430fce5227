"""Threads spin for a moment only, unless the user has said how they wait."""

import os
import subprocess
import sys

import pytest

from foretell.core.threads import waiting_threads_sleep


def test_nothing_said_gives_a_short_spin(monkeypatch):
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    waiting_threads_sleep()
    assert 0 < int(os.environ["GOMP_SPINCOUNT"]) < 50_000
    monkeypatch.delenv("GOMP_SPINCOUNT")


@pytest.mark.parametrize(("name", "value"), [("OMP_WAIT_POLICY", "active"), ("GOMP_SPINCOUNT", "7")])
def test_what_the_user_said_stays(monkeypatch, name, value):
    for other in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    waiting_threads_sleep()
    assert {key: os.environ.get(key) for key in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT") if key in os.environ} == {
        name: value
    }


def test_the_command_line_says_it_before_any_of_them_is_loaded():
    code = "import sys, foretell.cli; print({'torch', 'lightgbm', 'sklearn'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
