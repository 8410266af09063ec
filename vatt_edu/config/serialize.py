"""Configurations as JSON: what ``RUN/config.json`` holds, read back with every name and type checked."""

import copy
import types
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from vatt_edu.errors import UserError

T = TypeVar("T")

FORMAT = 2
"""Of ``RUN/config.json``. Format 1, the first, has no number in it; ``upgrade`` says what was called otherwise."""

RENAMED_IN_2: dict[tuple[str, ...], str] = {
    ("model", "start"): "tokenizer_init",
    ("data", "first_narrated"): "max_narrated_videos",
    ("data", "augment", "scale_share"): "scale_prob",
    ("data", "augment", "color_share"): "color_prob",
    ("optim", "clip_norm"): "grad_clip_norm",
    ("loss", "total"): "reduction",
}
"""Fields of format 1, by their place, and what they are called now."""


def to_json(config: Any) -> dict[str, Any]:
    """A tree of dataclasses as nested dictionaries."""
    return asdict(config)


def pack(config: Any, **about: Any) -> dict[str, Any]:
    """What ``config.json`` holds: the format, what there is to say about the run, and its configuration."""
    return {"format": FORMAT, **about, "config": to_json(config)}


def flatten(tree: dict[str, Any], where: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, by dotted names."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        flat |= flatten(value, f"{where}{name}.") if isinstance(value, dict) else {where + name: value}
    return flat


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where two nested dictionaries differ: ours and theirs by dotted name, None where one has no such field."""
    here, there = flatten(ours), flatten(theirs)
    return {n: (here.get(n), there.get(n)) for n in {**here, **there} if here.get(n) != there.get(n)}


def from_json(kind: type[T], values: Any, where: str = "config") -> T:
    """The tree of dataclasses that ``to_json`` wrote.

    Args:
        kind: The dataclass to build.
        values: Nested dictionaries; fields that are not named keep their defaults.
        where: What error messages call this place.

    Raises:
        UserError: At an unknown field or a value of the wrong type; the message lists what exists.
    """
    if not isinstance(values, dict):
        raise UserError(f"{where}: expected an object with the fields of {kind.__name__}, got {values!r}")
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise UserError(f"{where}: unknown field {unknown[0]!r}; there are: {', '.join(names)}")
    return kind(**{name: _value(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def upgrade(values: Any) -> Any:
    """A configuration of format 1 with the names of this one; what was called ``adam`` was Keras' Adam."""
    if not isinstance(values, dict):
        return values
    values = copy.deepcopy(values)
    for (*path, old), new in RENAMED_IN_2.items():
        tree: Any = values
        for name in path:
            tree = tree.get(name) if isinstance(tree, dict) else None
        if isinstance(tree, dict) and old in tree:
            tree[new] = tree.pop(old)
    optim = values.get("optim")
    if isinstance(optim, dict) and optim.get("name", "adam") == "adam":
        optim["name"] = "keras_adam"
    return values


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value, where)
    if origin is tuple and parts[1:] == (...,) and isinstance(value, list | tuple):  # of any length
        parts = parts[:1] * len(value)
    if origin is tuple and isinstance(value, list | tuple) and len(value) == len(parts):
        return tuple(_value(part, v, f"{where}[{n}]") for n, (part, v) in enumerate(zip(parts, value, strict=True)))
    if origin is Literal and value in parts:
        return value
    if origin in (Union, types.UnionType) and value is None and type(None) in parts:
        return None
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    expected = " | ".join(map(repr, parts)) if origin is Literal else str(getattr(hint, "__name__", hint))
    raise UserError(f"{where}: expected {expected}, got {value!r}")
