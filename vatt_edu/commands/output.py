"""What commands print: a table, or JSON."""

import json
from collections.abc import Callable, Iterable
from typing import Any


def show(found: dict[str, Any], table: Callable[[dict[str, Any]], Iterable[str]], as_json: bool) -> int:
    """Prints what was found, and is done."""
    if as_json:
        print_json(found)
    else:
        print(*table(found), sep="\n")
    return 0


def print_json(value: Any) -> None:
    """Prints it."""
    print(json.dumps(value, indent=1))
