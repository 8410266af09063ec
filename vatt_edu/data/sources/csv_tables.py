"""Tables of public data sets: CSV with a header line, in the variants that are around."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from vatt_edu.errors import UserError
from vatt_edu.files import read_text


def rows(path: Path, needed: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV file as dictionaries, each with where it stands (file and line), for messages.

    A byte order mark, Windows line ends and blanks around the values are as good as none.

    Args:
        path: The file.
        needed: Columns that must be there, filled in every row.

    Raises:
        UserError: If the file cannot be read, a column is missing, or a row is too short.
    """
    needed = tuple(needed)
    try:
        table = csv.DictReader(io.StringIO(read_text(path)), skipinitialspace=True)
        columns = [name.strip() for name in table.fieldnames or ()]
        if absent := [name for name in needed if name not in columns]:
            raise UserError(f"{path}: no column {absent[0]!r} in its first line; there are: {', '.join(columns)}")
        table.fieldnames = columns
        for row in table:
            where = f"{path}, line {table.line_num}"
            if any(row[name] is None for name in needed):
                raise UserError(f"{where}: too few columns; expected {', '.join(columns)}")
            yield where, {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    except csv.Error as error:
        raise UserError(f"cannot read {path}: {error}") from None


def number(text: str, where: str, column: str) -> float:
    """A number in a table.

    Raises:
        UserError: If it is none.
    """
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{where}: {column} is {text!r}, not a number") from None
