"""What texts may look like: each pattern is of the whole text, in Python as in the documents that others read."""

import importlib
import re
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cambist.dialects.native import asyncapi, openapi
from cambist.dialects.native.routes import ENDPOINTS
from tests.tidy.test_tidy import ROOT

SOURCES = ROOT / "src"


def patterns_in(kind: Any) -> Iterator[str]:
    """Of a type and of what it is made of."""
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.pattern is not None:
            yield meta.pattern
    inside = [getattr(kind, "__origin__", None)] if hasattr(kind, "__metadata__") else []
    for each in (*typing.get_args(kind), *filter(None, inside)):
        yield from patterns_in(each)


def all_patterns() -> dict[str, set[str]]:
    """Every pattern of every type of the sources, with the modules that have it."""
    found: dict[str, set[str]] = {}
    for file in sorted(SOURCES.rglob("*.py")):
        if not re.search(r"\bMeta\(", file.read_text()):
            continue
        name = ".".join(file.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
        module = importlib.import_module(name)
        for value in vars(module).values():
            kinds = [value]
            if isinstance(value, type) and issubclass(value, msgspec.Struct):
                kinds = list(typing.get_type_hints(value, include_extras=True).values())
            for kind in kinds:
                for pattern in patterns_in(kind):
                    found.setdefault(pattern, set()).add(name)
    return found


PATTERNS = all_patterns()


def test_there_are_patterns_of_several_modules() -> None:
    modules = set[str]().union(*PATTERNS.values())
    assert {"cambist.api_types.values", "cambist.api_types.passkeys", "cambist.operations.audit_records"} <= modules


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_pattern_lets_a_line_feed_follow(pattern: str, data: st.DataObject) -> None:
    kind = typing.Annotated[str, msgspec.Meta(pattern=pattern)]
    text = data.draw(st.from_regex(pattern))
    assert msgspec.convert(text, kind) == text
    for more in (f"{text}\n", f"\n{text}", f"{text}\r\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(more, kind)


def in_document(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (each for name, each in part.items() if name == "pattern" and isinstance(each, str))
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from in_document(each)


@pytest.mark.parametrize("document", [openapi.document(ENDPOINTS), asyncapi.document()], ids=["openapi", "asyncapi"])
def test_documents_write_the_end_of_a_text_as_ecma_262_does(document: dict[str, Any]) -> None:
    written = set(in_document(document))
    assert written
    assert not [pattern for pattern in written if not (pattern.startswith("^") and pattern.endswith("$")) or r"\Z" in pattern]
