"""`/sandbox/openapi.json`: the control API as an OpenAPI 3.1 document, made from the operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from cambist.sandbox.control.descriptions import field_texts
from cambist.sandbox.control.operations import JSON, AnyBound, AnyOperation, Bound, Nothing, Operation

OPENAPI = Operation("openapi", "GET", "/sandbox/openapi.json", Nothing, dict[str, Any], "Gives this API as an OpenAPI 3.1 document.")

_COMPONENTS = "#/components/schemas/"
_ERRORS = {
    "400": "The request makes no sense; nothing has changed.",
    "403": "Not a program on this machine.",
    "409": "It cannot be done in the sandbox's present state.",
    "415": "The body is not said to be JSON.",
}


class OpenApiOperations:
    """`by_noun`: the operations that are served; `version` of the package."""

    def __init__(self, by_noun: Mapping[str, Iterable[AnyOperation]], version: str) -> None:
        self._by_noun = by_noun
        self._version = version

    def bound(self) -> list[AnyBound]:
        return [Bound(OPENAPI, lambda _nothing: self._document)]

    @cached_property
    def _document(self) -> dict[str, Any]:
        """Made for the first who asks."""
        return document(self._by_noun, self._version)


def document(by_noun: Mapping[str, Iterable[AnyOperation]], version: str) -> dict[str, Any]:
    """The document as builtin values."""
    operations = [(noun, operation) for noun, own in by_noun.items() for operation in own]
    schemas, components = described_schemas(type_ for _noun, operation in operations for type_ in _types(operation))
    paths: dict[str, dict[str, Any]] = {}
    for noun, operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _entry(noun, operation, schemas, components)
    error = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cambist sandbox control API",
            "version": version,
            "description": "Answers programs on the same machine only. A request with a body says that it is JSON.",
        },
        "paths": paths,
        "components": {"schemas": {**components, "Error": error}},
    }


def described_schemas(types: Iterable[Any]) -> tuple[dict[Any, dict[str, Any]], dict[str, dict[str, Any]]]:
    """JSON schemas of the types, and of the components that they refer to, with the text of each field where it has one."""
    tops = list(types)
    structs = list(_structs(tops))
    listed = list(dict.fromkeys([*tops, *structs]))
    made, components = msgspec.json.schema_components(listed, ref_template=f"{_COMPONENTS}{{name}}")
    schemas = dict(zip(listed, made, strict=True))
    for struct in structs:
        properties = components[component(schemas[struct])].get("properties", {})
        for field in msgspec.structs.fields(struct):
            text = field_texts(struct).get(field.name)
            if text and field.encode_name in properties:
                properties[field.encode_name].setdefault("description", text)
    return schemas, components


def taken_schema(operation: AnyOperation) -> dict[str, Any]:
    """What an operation takes as a JSON schema that stands alone: an object, with the components that it refers to as `$defs`."""
    schemas, components = described_schemas([operation.takes])
    own = component(schemas[operation.takes])
    schema = {"type": "object", "properties": {}, **components.pop(own)}
    whole = {**schema, "$defs": components} if components else schema
    standing: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole).replace(_COMPONENTS.encode(), b"#/$defs/"))
    return standing


def component(schema: Mapping[str, Any]) -> str:
    """The name of the component that a schema refers to; empty when it refers to none."""
    return str(schema.get("$ref", "")).removeprefix(_COMPONENTS)


def _types(operation: AnyOperation) -> Iterator[Any]:
    yield operation.takes
    if operation.media == JSON:
        yield operation.gives


def _structs(types: Iterable[Any]) -> Iterator[type[msgspec.Struct]]:
    """Every struct that the types are or contain."""
    seen: set[Any] = set()
    waiting = list(types)
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            yield each
            waiting += [field.type for field in msgspec.structs.fields(each)]
        waiting += [inner for inner in getattr(each, "__args__", ()) if not isinstance(inner, str | int)]


def _entry(noun: str, operation: AnyOperation, schemas: dict[Any, dict[str, Any]], components: dict[str, dict[str, Any]]) -> dict[str, Any]:
    taken = components[component(schemas[operation.takes])]
    fields: dict[str, Any] = taken.get("properties", {})
    entry: dict[str, Any] = {"operationId": operation.name, "tags": [noun], "summary": operation.summary}
    placed = {name: "path" for name in operation.path_fields}
    if not operation.in_body:
        placed |= {name: "query" for name in fields if name not in placed}
    if placed:
        entry["parameters"] = [
            {"name": name, "in": place, "required": place == "path" or name in taken.get("required", ()), "schema": fields[name]}
            for name, place in placed.items()
        ]
    if operation.in_body:
        body = schemas[operation.takes] if not operation.path_fields else _without(taken, operation.path_fields)
        required = bool(set(taken.get("required", ())) - set(operation.path_fields))
        entry["requestBody"] = {"required": required, "content": {JSON: {"schema": body}}}
    content = {operation.media: {"schema": schemas[operation.gives]}} if operation.media == JSON else {operation.media: {}}
    entry["responses"] = {"200": {"description": "Done.", "content": content}}
    for status, words in _ERRORS.items():
        entry["responses"][status] = {"description": words, "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
    return entry


def _without(schema: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """An object's schema without the fields that stand in the path."""
    gone = set(names)
    kept = {name: value for name, value in schema["properties"].items() if name not in gone}
    return {**schema, "properties": kept, "required": [name for name in schema.get("required", ()) if name not in gone]}
