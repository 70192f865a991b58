"""All operations of the control API, by noun: every constant that a module of this package declares.

Documents, the command line, MCP and the clients are made from it. A new module needs no entry anywhere; `scripts/control_api.py` writes
the generated files anew.
"""

import importlib
import pkgutil
from typing import Any

from cambist.sandbox import control
from cambist.sandbox.control.operations import AnyOperation, Operation


def _declared() -> dict[str, tuple[AnyOperation, ...]]:
    """ValueError when two operations share a name, or a method and a path: then neither could be called for certain."""
    found: dict[str, tuple[AnyOperation, ...]] = {}
    names: dict[str, AnyOperation] = {}
    places: dict[tuple[str, str], AnyOperation] = {}
    for noun in sorted(module.name for module in pkgutil.iter_modules(control.__path__)):
        if noun == __name__.rpartition(".")[2]:
            continue
        values: list[Any] = list(vars(importlib.import_module(f"{control.__name__}.{noun}")).values())
        own = [value for value in values if isinstance(value, Operation) and names.get(value.name) is not value]
        for operation in own:
            twin = names.setdefault(operation.name, operation)
            if twin is not operation or places.setdefault((operation.method, operation.path), operation) is not operation:
                raise ValueError(f"two operations are called {operation.name}, or answer {operation.method} {operation.path}")
        if own:
            found[noun] = tuple(own)
    return found


BY_NOUN = _declared()
"""Noun (the module's name) to its operations in the order of their declaration."""
OPERATIONS = tuple(operation for own in BY_NOUN.values() for operation in own)
BY_NAME = {operation.name: operation for operation in OPERATIONS}
