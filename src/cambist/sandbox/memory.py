"""What models remember: the numbers that an object and all that it owns hold, taken out and put back.

The models (traders, markets, fundamentals) are made anew from seed and configuration, and then get back what they knew. Everything that
they hold in attributes is kept: numbers, flags, words, streams of chance, lists and tuples of these, and other objects of this package,
each once, through lists and dicts too. What they only look at (views, commands, terms of markets) is not theirs. A class may say in
`REMEMBERED` which attributes are to be kept, where most of them never change, or in `DERIVED` which are not, since they follow from others.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any

from cambist.sandbox.draws import Draws

_PACKAGE = "cambist.sandbox."
_PLAIN = frozenset((bool, int, float, str, type(None)))

Memory = list[tuple[str, dict[str, Any]]]
"""(class, values by attribute) of each object, in the order in which they are met."""


class Unlike(ValueError):
    """What was remembered is not of these models: another configuration, or another version of the program."""


def remembered(root: object) -> Memory:
    """What it holds now."""
    memory: Memory = []
    for owner in _objects(root):
        memory.append((type(owner).__name__, {name: _simple(value) for name, value in _kept(owner)}))
    return memory


def remind(root: object, memory: Memory) -> None:
    """Puts it back into an object that was made in the same way. Unlike, and nothing is as it was."""
    objects = _objects(root)
    if [type(owner).__name__ for owner in objects] != [name for name, _values in memory]:
        raise Unlike("what was remembered is not of these models")
    for owner, (name, values) in zip(objects, memory, strict=True):
        kept = _kept(owner)
        if values.keys() != {attribute for attribute, _value in kept}:
            raise Unlike(f"what was remembered of {name} is not what it holds")
        for attribute, value in kept:
            saved, kind = values[attribute], type(value)
            if kind in _PLAIN or kind is list:
                setattr(owner, attribute, saved)
            elif kind is Draws:
                value.restore(saved)
            else:
                setattr(owner, attribute, kind(saved))


def _objects(root: object) -> list[object]:
    """It and what it owns, each once."""
    found: list[object] = []
    _add(root, found, set())
    return found


def _add(owner: object, found: list[object], seen: set[int]) -> None:
    seen.add(id(owner))
    found.append(owner)
    for name in _names(owner):
        value: Any = getattr(owner, name, None)
        if type(value) not in _PLAIN:
            _add_inside(value, found, seen)


def _add_inside(value: Any, found: list[object], seen: set[int]) -> None:
    kind: Any = type(value)
    if kind in _PLAIN:
        return
    if kind is list or kind is tuple:
        for each in value if type(next(iter(value), None)) not in _PLAIN else ():
            _add_inside(each, found, seen)
    elif kind is dict:
        for each in value.values():
            _add_inside(each, found, seen)
    elif _owned(kind) and id(value) not in seen:
        _add(value, found, seen)


def _kept(owner: object) -> list[tuple[str, Any]]:
    """(attribute, value) of what is kept of the object itself."""
    kept = []
    for name in _names(owner):
        value: Any = getattr(owner, name, None)
        kind = type(value)
        if kind in _PLAIN or kind is Draws:
            kept.append((name, value))
        elif kind is list or kind is tuple:
            if all(type(each) in _PLAIN for each in value):
                kept.append((name, value))
        elif isinstance(value, Enum):
            kept.append((name, value))
    return kept


def _names(owner: Any) -> tuple[str, ...]:
    kind: Any = type(owner)
    return _declared(kind) or _attributes(kind, tuple(getattr(owner, "__dict__", ())))


@cache
def _declared(kind: Any) -> tuple[str, ...]:
    """The attributes that all objects of this class have, none where each may have others."""
    remembered: tuple[str, ...] | None = getattr(kind, "REMEMBERED", None)
    return remembered or (() if kind.__dictoffset__ else _attributes(kind, ()))


@cache
def _attributes(kind: Any, own: tuple[str, ...]) -> tuple[str, ...]:
    names = (*(name for each in kind.__mro__ for name in getattr(each, "__slots__", ())), *own)
    derived: tuple[str, ...] = getattr(kind, "DERIVED", ())
    return tuple(name for name in names if name not in derived)


@cache
def _owned(kind: Any) -> bool:
    """Whether objects of this class are models of this package that can change."""
    parameters = getattr(kind, "__dataclass_params__", None)
    frozen = parameters is not None and parameters.frozen
    immutable = frozen or hasattr(kind, "__struct_fields__") or issubclass(kind, Enum) or kind is Draws
    return str(kind.__module__).startswith(_PACKAGE) and not immutable


def _simple(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    return value.save() if kind is Draws else value.value if isinstance(value, Enum) else list(value)
