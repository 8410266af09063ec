"""What commands print: a table, or JSON."""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def show(results: T, table: Callable[[T], Iterable[str]], as_json: bool) -> int:
    """Prints results, and is done."""
    if as_json:
        print_json(results)
    else:
        print(*table(results), sep="\n")
    return 0


def print_json(value: Any) -> None:
    """Prints a value as indented JSON."""
    print(json.dumps(value, indent=1))
