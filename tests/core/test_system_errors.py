"""What the operating system refuses: what is wrong, which path, what to do, and whose fault it is."""

import errno
import os
import stat
from pathlib import Path

import polars as pl
import pytest

from foretell.core.errors import InputError
from foretell.core.system_errors import from_os_error


def failure(do, *arguments):
    """The error that a call ends with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 (whatever the library raises)
        do(*arguments)
    return caught.value


def refusals(folder):
    """Real refusals by real calls, of Python's own and of Polars."""
    (folder / "file").write_text("x")
    frame = pl.DataFrame({"a": [1]})
    return {
        "no such file": failure((folder / "none").read_text),
        "it is a folder": failure(folder.read_text),
        "it is a file": failure((folder / "file" / "below").read_text),
        "there already": failure(folder.mkdir),
        "name is too long": failure((folder / ("x" * 300)).read_text),
        "no such file or folder": failure(frame.write_parquet, folder / "none" / "x.parquet"),
        "and it is a file": failure(frame.write_csv, folder / "file" / "x.csv"),
        "and it is a folder": failure(frame.write_csv, folder),
    }


def test_each_refusal_has_words_of_its_own(tmp_path):
    for words, error in refusals(tmp_path).items():
        told = from_os_error(error)
        assert words in told.problem
        assert str(tmp_path) in str(told.received)
        assert told.remedy
        assert isinstance(told, InputError)


@pytest.mark.parametrize(("number", "words"), [(errno.EACCES, "may not be used"), (errno.EROFS, "only be read")])
def test_missing_rights_are_the_inputs_fault(number, words):
    told = from_os_error(OSError(number, os.strerror(number), "runs/shop"))
    assert words in told.problem
    assert (told.received, told.exit_code) == ("runs/shop", 2)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE])
def test_what_the_machine_lacks_is_a_failure(number):
    told = from_os_error(OSError(number, os.strerror(number)))
    assert told.exit_code == 1
    assert told.received
    assert told.remedy


def is_full_device():
    """Whether this system has a device that is always full."""
    device = Path("/dev/full")
    return device.exists() and stat.S_ISCHR(device.stat().st_mode)


@pytest.mark.skipif(not is_full_device(), reason="no /dev/full here")
@pytest.mark.parametrize("write", ["write_csv", "write_parquet"])
def test_a_full_disk_is_known_by_the_words_of_polars(write):
    frame = pl.DataFrame({"a": range(200_000)})
    told = from_os_error(failure(getattr(frame, write), "/dev/full"))
    assert told.problem == "The disk is full."
    assert told.exit_code == 1


def test_an_unknown_refusal_is_told_as_it_came():
    told = from_os_error(OSError(errno.EXDEV, "Invalid cross-device link", "here"))
    assert told.received == "here: Invalid cross-device link"
    assert from_os_error(OSError("odd")).received == "odd"


@pytest.mark.parametrize("error", [ValueError("no file"), KeyError("os error"), ZeroDivisionError()])
def test_what_the_system_did_not_refuse_is_left_alone(error):
    assert from_os_error(error) is None
