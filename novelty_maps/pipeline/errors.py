"""The one error that a user can cause and mend, and what is said when the disk refuses."""

import difflib
import errno
from collections.abc import Iterable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the value and the remedy; a stage prints it and exits
    with status 1, without a traceback.
    """


def did_you_mean(given: str, known: Iterable[str], *, what: str = "") -> str:
    """The known name that a misspelt one is near, or all of them.

    Args:
        given: The name that is not known.
        known: Those that are.
        what: What they are, in the plural.
    """
    known = list(known)
    close = difflib.get_close_matches(given, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known{what and f' {what}'}: {', '.join(known)}"


def make_again(made_by: str) -> str:
    """The remedy for a file that a stage makes, by the stage's module below `stages`."""
    return f"make it again with `python -m stages.{made_by}`"


def describe_os_error(error: OSError) -> str:
    """One line for a disk that refuses: the file, the reason and the remedy."""
    remedy = (
        "free some space and run the command again"
        if error.errno in _FULL
        else "check that the path exists and is writable"
    )
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; {remedy}. Earlier results are untouched."
