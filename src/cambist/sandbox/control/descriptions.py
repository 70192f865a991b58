"""What the control API's structs say of their fields: the text below each, which Python itself forgets."""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise

import msgspec


@cache
def field_texts(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Field to its docstring, for those that have one, inherited ones included; empty where there are no sources."""
    texts: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if issubclass(base, msgspec.Struct) and base is not msgspec.Struct:
            texts |= _own_texts(base)
    return texts


def _own_texts(struct: type) -> dict[str, str]:
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    except (OSError, TypeError, SyntaxError):
        return {}
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def text_of(struct: type) -> str:
    """A class's docstring in one paragraph; empty without one of its own."""
    own = vars(struct).get("__doc__")
    return " ".join(inspect.cleandoc(own).split()) if isinstance(own, str) else ""
