"""What the operating system refuses, as errors of foretell's own: a missing file, a full disk, no permission.

This module owns the words for each refusal and whose fault it is (another path would do, or the machine). It refuses to
catch anything itself.
"""

from __future__ import annotations

import errno
import re
from typing import Final

from foretell.core.errors import ForetellError, SourceError

__all__ = ["from_os_error"]

# By what the operating system said: the problem and the remedy. Those of the first table are the input's fault.
_OF_INPUT: Final = {
    errno.ENOENT: ("There is no such file or folder.", "Check the path, and that the folders above it exist."),
    errno.EACCES: ("This file or folder may not be used.", "Give another path, or change its permissions."),
    errno.EPERM: ("This file or folder may not be used.", "Give another path, or change its permissions."),
    errno.EROFS: ("This place can only be read.", "Give a path on a disk that can be written to."),
    errno.EISDIR: ("A file was expected here, and it is a folder.", "Name a file in it."),
    errno.ENOTDIR: ("A folder was expected here, and it is a file.", "Give a path whose folders are folders."),
    errno.EEXIST: ("This file or folder is there already.", "Give another path, or move it away."),
    errno.ENOTEMPTY: ("This folder is not empty.", "Give another path, or empty the folder."),
    errno.ENAMETOOLONG: ("This name is too long.", "Give a shorter path."),
    errno.ELOOP: ("This path leads back to itself.", "Check the symbolic links on it."),
}
_BY_TYPE: Final[dict[type[Exception], int]] = {
    FileNotFoundError: errno.ENOENT,
    PermissionError: errno.EACCES,
    IsADirectoryError: errno.EISDIR,
    NotADirectoryError: errno.ENOTDIR,
    FileExistsError: errno.EEXIST,
}
_FULL: Final = "Free some space, or give a path on another disk; then run the same command again."
_OF_MACHINE: Final = {
    errno.ENOSPC: ("The disk is full.", _FULL),
    errno.EDQUOT: ("Your share of the disk is full.", _FULL),
    errno.EFBIG: ("The file is larger than this disk or account allows.", "Give a path on another disk."),
    errno.EMFILE: ("Too many files are open.", "Raise the limit (ulimit -n), or close other programs."),
    errno.ENFILE: ("Too many files are open.", "Raise the system's limit, or close other programs."),
    errno.EIO: ("The disk failed to read or write.", "Check the disk; then run the same command again."),
}


def from_os_error(error: Exception) -> ForetellError | None:
    """What the operating system refused, in three parts; None where the error is of another kind.

    Libraries that write files of their own (Polars, safetensors) hand on the system's words, not always its number.

    Returns:
        A ``SourceError`` where another path or permission would do, a ``ForetellError`` where the machine is at fault.

    Example:
        >>> print(from_os_error(FileNotFoundError(errno.ENOENT, "No such file or directory", "shop.csv")))
        There is no such file or folder.
        Received: shop.csv
        What to do: Check the path, and that the folders above it exist.
        >>> print(from_os_error(ValueError("no file at all")))
        None
    """
    worded = re.search(r"\(os error (\d+)\)", str(error))
    if not isinstance(error, OSError) and worded is None:
        return None
    filename = getattr(error, "filename", None)
    number = getattr(error, "errno", None) or (int(worded[1]) if worded else _BY_TYPE.get(type(error)))
    received = filename if filename is not None else str(error) or type(error).__name__
    if number in _OF_INPUT:
        problem, remedy = _OF_INPUT[number]
        return SourceError(problem, received=received, remedy=remedy)
    if number in _OF_MACHINE:
        problem, remedy = _OF_MACHINE[number]
        return ForetellError(problem, received=received, remedy=remedy)
    said = f"{filename}: {getattr(error, 'strerror', None) or error}" if filename is not None else received
    return SourceError("A file or folder cannot be used.", received=said, remedy="Give another path.")
