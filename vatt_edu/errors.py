"""One kind of error is for the person who typed the command.

``UserError`` carries a single line: what is wrong, where, and what to do. The command line prints it and ends with exit
code 2; everything else is a bug and keeps its traceback.
"""

import errno


class UserError(ValueError):
    """A mistake in what the user gave: one line that says what, where and what to do."""


def shown(name: str) -> str:
    """A name that a file gives, as it may stand in a message: on one line, and not without end."""
    return name if name.isprintable() and len(name) <= 200 else f"{name[:200]!r}"


def disk_full(error: BaseException) -> bool:
    """Whether an error (of Python or of a library that keeps ``errno``) says that there is no room left to write."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def missing(package: str, extra: str) -> UserError:
    """The sentence for a package that an extra would have installed.

    Args:
        package: The import that failed, for example ``"decord"``.
        extra: The extra of ``vatt_edu`` that brings it, for example ``"data"``.
    """
    return UserError(f"this needs the package {package}: install it with  pip install 'vatt_edu[{extra}]'")
