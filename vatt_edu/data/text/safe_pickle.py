"""numpy arrays out of a pickle that is not trusted: its instructions are read, and none that it names is carried out.

A pickle is a program for a small stack machine that may call any function there is; loading one runs it. The official
word vectors come as one, so this walks through the instructions with a stack of its own, on which a call is a note of
what was to be called. Three of those notes are understood, the ones that numpy writes for an array, its type and its
bytes; of everything else the file is refused. The standard library's list of instructions (``pickletools``) does the
parsing and executes nothing.
"""

import pickletools
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Shaped

_MARK = object()
_RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
_PUSH = {
    "BINBYTES", "BINBYTES8", "BINFLOAT", "BININT", "BININT1", "BININT2", "BINSTRING", "BINUNICODE", "BINUNICODE8",
    "FLOAT", "INT", "LONG", "LONG1", "LONG4", "SHORT_BINBYTES", "SHORT_BINSTRING", "SHORT_BINUNICODE", "STRING",
    "UNICODE",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NUMBER = re.compile("f[248]|[iu][1248]")
_EMPTY = {"EMPTY_DICT": dict, "EMPTY_TUPLE": tuple, "EMPTY_LIST": list}


@dataclass(eq=False)
class _Call:
    """A call that was asked for and not made."""

    function: str
    arguments: tuple[Any, ...]
    state: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Name:
    """Something that the pickle would import."""

    path: str


def pickled_arrays(data: bytes) -> dict[str, Shaped[np.ndarray, "..."]]:
    """The arrays of a pickled dictionary of arrays, by name; those of a pickled array alone under ``""``.

    Raises:
        ValueError: If ``data`` is no pickle, or asks for anything but numpy arrays of numbers.
    """
    try:
        value = _read(data)
        if not isinstance(value, dict):
            return {"": _array(value)}
        return {_text(name): _array(item) for name, item in value.items() if isinstance(item, _Call)}
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError) as error:
        raise ValueError(f"its instructions make no sense: {error}") from None


def _read(data: bytes) -> Any:
    """What the machine's stack holds at the end."""
    stack: list[Any] = []
    memory: dict[int, Any] = {}
    for instruction, argument, _ in pickletools.genops(data):
        name = instruction.name
        if name in _PUSH:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memory[int(argument or 0)] = stack[-1]
        elif name == "MEMOIZE":
            memory[len(memory)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            if int(argument or 0) not in memory:
                raise ValueError("it asks for what was never stored")
            stack.append(memory[int(argument or 0)])
        elif name == "GLOBAL":
            stack.append(_Name(str(argument)))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_Name(f"{module} {attribute}"))
        elif name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
            stack.append(tuple(_to_mark(stack) if name == "TUPLE" else _last(stack, int(name[-1]))))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            stack.append(_Call(function.path, arguments))
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].state.append(state)
        elif name == "DICT":
            items = _to_mark(stack)
            stack.append(dict(zip(items[::2], items[1::2], strict=True)))
        elif name in ("SETITEM", "SETITEMS"):
            items = _to_mark(stack) if name == "SETITEMS" else _last(stack, 2)
            stack[-1].update(zip(items[::2], items[1::2], strict=True))
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"it holds more than arrays (instruction {name})")
    raise ValueError("it has no end")


def _to_mark(stack: list[Any]) -> list[Any]:
    items: list[Any] = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    return items[::-1]


def _last(stack: list[Any], count: int) -> list[Any]:
    items = stack[-count:]
    del stack[-count:]
    return items


def _array(value: Any) -> np.ndarray:
    """The array that numpy's notes describe."""
    if not isinstance(value, _Call) or value.function not in _RECONSTRUCT or len(value.state) != 1:
        raise ValueError(f"it asks for {getattr(value, 'function', type(value).__name__)}, not for a numpy array")
    _, shape, kind, fortran, octets = value.state[0]
    if not isinstance(kind, _Call) or kind.function != "numpy dtype":
        raise ValueError("an array in it has no type")
    # numpy makes types of many strings, and reads Python in some: only names of numbers get that far.
    name, order = _text(kind.arguments[0]), _text(kind.state[0][1]) if kind.state else "="
    if not _NUMBER.fullmatch(name) or order not in tuple("<>=|"):
        raise ValueError(f"an array in it holds {name!r}, not numbers")
    dtype = np.dtype(order + name)
    if isinstance(octets, _Call) and octets.function == "_codecs encode":
        octets = octets.arguments[0].encode("latin1")  # how Python 3 writes bytes for Python 2
    octets = octets.encode("latin1") if isinstance(octets, str) else octets
    if not isinstance(octets, bytes):
        raise ValueError("an array in it has no bytes")
    return np.frombuffer(octets, dtype).reshape(shape, order="F" if fortran else "C")


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)
