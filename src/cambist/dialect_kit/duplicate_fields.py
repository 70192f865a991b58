"""Fields that a request names twice with different values: whoever reads the last would do what the first denies.

A field that is repeated with the value that it has already says nothing new. Each check is a count where nothing is repeated.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl


def contradictory_field(form: bytes, fields: Mapping[str, str], limit: int) -> str | None:
    """The first name of a form or query that has two values, of its first `limit` fields; None when there is none.

    `fields` is what was read of it. Empty values count as absent, and a name that ends in `[]` is a list.
    """
    if form.count(b"&") < len(fields):
        return None
    values: dict[str, str] = {}
    read = b"&".join(form.split(b"&", limit)[:limit]).decode("utf-8", "replace")
    for name, value in parse_qsl(read, errors="replace"):
        if values.setdefault(name, value) != value and not name.endswith("[]"):
            return name
    return None


def contradictory_member(text: bytes, decoded: Mapping[str, Any]) -> str | None:
    """The first name that an object of a JSON text, inner ones included, has with two values; None when there is none.

    `decoded` is the object that the text, which is valid JSON, was read as. RecursionError for one that is nested too deeply.
    """
    # Each member has a colon of its own: with as many colons as names, no name is there twice and no object within.
    if text.count(b":") == len(decoded):
        return None
    found: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in pairs:
            if values.setdefault(name, value) != value:
                found.append(name)
        return values

    # Numbers stay text: nothing is expanded.
    json.loads(text.decode(), object_pairs_hook=members, parse_int=str, parse_float=str, strict=False)
    return found[0] if found else None
