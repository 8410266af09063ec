"""Files: read with a message that helps, replaced by one rename. Every module that keeps something uses these.

A reader sees the old file, the new one, and nothing between. What a kill leaves behind is hidden, and ``sweep`` removes
it.
"""

import codecs
import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from vatt_edu.errors import UserError, disk_full

_PARTIAL = ".partial"
_UNSYNCED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # disks that sync nothing
_UNSYNCED_FOLDERS = (*_UNSYNCED, errno.EACCES, errno.EPERM, errno.EBADF, errno.EISDIR, errno.ENODEV)
_NUMBERS = re.compile(r"\[\n\s+(-?[\d.eE+-]+(?:,\n\s+-?[\d.eE+-]+)*)\n\s*\]")


def text_encoding(data: bytes) -> str:
    """The encoding of a text: UTF-16 by its mark or a zero in its first two bytes, UTF-8, or else Windows-1252."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if 0 in data[:2]:
        return "utf-16-le" if data[0] else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)  # its last letter may be cut off
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def is_legacy(path: Path) -> bool:
    """Whether a file's text is neither in UTF-8 nor in UTF-16."""
    return text_encoding(path.read_bytes()) == "cp1252"


def read_text(path: Path, legacy: bool = False) -> str:
    """The text of a file in UTF-8 or UTF-16, with line breaks as Unix has them.

    Args:
        path: The file.
        legacy: Read as Windows-1252 what is neither: whoever asks for this tells the user (``is_legacy``). And read
            what was cut off within a letter.

    Raises:
        UserError: If it cannot be read.
    """
    try:
        data = path.read_bytes()
        encoding = text_encoding(data)
        if encoding == "cp1252" and not legacy:
            encoding = "utf-8"
        if legacy and encoding.startswith("utf-16"):
            data = data[: len(data) // 2 * 2]
        text = data.decode(encoding, "ignore" if legacy and encoding == "utf-8-sig" else "strict")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        UserError: If it is not JSON; the message says where.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        message = f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}); mend or remove the file"
        raise UserError(message) from None
    except ValueError as error:  # a number of thousands of digits
        raise UserError(f"{path}: {error}; mend or remove the file") from None
    except RecursionError:
        raise UserError(f"{path}: values within values, too deep to be read; mend or remove the file") from None


def write_text(path: Path, text: str) -> None:
    """A text file, replaced atomically; what UTF-8 cannot say, as in a file's name, is written as an escape.

    Raises:
        UserError: If it cannot be written.
    """
    with writing(path), atomic(path) as partial:
        partial.write_bytes(text.encode(errors="backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """A JSON file, replaced atomically; a list of numbers is one line.

    Raises:
        UserError: If it cannot be written.
    """
    text = json.dumps(value, indent=1)  # a string in it has no line breaks
    write_text(path, _NUMBERS.sub(lambda match: "[" + " ".join(match[1].split()) + "]", text) + "\n")


@contextmanager
def atomic(path: str | PathLike[str], sync: bool = True) -> Iterator[Path]:
    """A name beside ``path`` to write a file or a folder under; when the block ends, it takes the place of ``path``.

    Args:
        path: What is to be replaced.
        sync: Also survive a power cut: wait until it is on the disk. Not worth it for what can be made again.
    """
    path = Path(path).absolute()
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        remove(partial)
        yield partial
        if sync:
            _sync(partial)
        if partial.is_dir():
            shutil.rmtree(path, ignore_errors=True)  # a folder replaces only an empty one
        os.replace(partial, path)
        if sync:
            _sync(path.parent)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_partial(path: Path) -> bool:
    """Whether a kill while something was written left this."""
    return path.name.startswith(".") and path.name.endswith(_PARTIAL)


def sweep(folder: Path) -> None:
    """Removes what killed commands were writing anywhere below a folder; call it where nobody else writes."""
    for path in list(folder.rglob(f".*{_PARTIAL}")):
        remove(path)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes one line for the user where a disk is full or refuses."""
    try:
        yield
    except OSError as error:
        remedy = "the disk is full, make room" if disk_full(error) else "make room or ask for permission"
        raise UserError(f"cannot write {path} ({error.strerror or error}): {remedy}; what was saved is kept") from None


def require_writable(path: Path, remedy: str) -> None:
    """Makes sure, before the work, that a file can be written afterwards.

    Raises:
        UserError: If its folder refuses; the message ends with the remedy.
    """
    folder = path.absolute().parent
    why = "there is no such folder" if not folder.is_dir() else "its folder may only be read"
    if path.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"cannot write {path}: {'it is a folder' if path.is_dir() else why}; {remedy}")


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        if path.is_dir():  # Windows opens no folder
            return
        raise
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (_UNSYNCED_FOLDERS if path.is_dir() else _UNSYNCED):
            raise
    finally:
        os.close(handle)
