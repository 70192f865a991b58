"""The OpenAPI document of the native API, made from the table of routes and the types that parse and render."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cambist.api_types.funds import MerchantNotice
from cambist.api_types.problems import CONTENT_TYPE, KINDS, Code, Problem
from cambist.api_types.values import AssetCode, Decimal, MarketName, SignedDecimal, Time, name_of, schema_components
from cambist.dialects.native.answers import statuses_of
from cambist.dialects.native.auth import COOKIE, CSRF, KEY, SIGNATURE, TIMESTAMP
from cambist.dialects.native.endpoint import BASE, Endpoint
from cambist.dialects.native.idempotency import HEADER as IDEMPOTENCY_KEY
from cambist.dialects.native.notices import PREVIOUS_SIGNATURE
from cambist.dialects.native.scopes import OF_PEOPLE, Effect, Scope

VERSION = "1"
REFERENCE = "#/components/schemas/{name}"
SECURITY: list[dict[str, list[str]]] = [{"key": [], "timestamp": [], "signature": []}, {"session": []}]
SESSION_ONLY: list[dict[str, list[str]]] = [{"session": []}]


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """OpenAPI 3.1."""
    kinds = [each for endpoint in endpoints for each in _kinds(endpoint)]
    kinds += [Problem, MerchantNotice]
    schemas, components = schema_components(kinds, REFERENCE)
    by_kind = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(BASE + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, by_kind, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cambist native API",
            "version": VERSION,
            "description": "Decimal numbers are texts, times are µs since 1970, ids are texts. Errors have the form of RFC 9457.",
        },
        "paths": paths,
        "webhooks": {"merchantNotice": {"post": _merchant_notice(by_kind[MerchantNotice])}},
        "components": {"schemas": components, "securitySchemes": _security_schemes()},
    }


def _merchant_notice(schema: dict[str, Any]) -> dict[str, Any]:
    """What a shop's server gets."""
    headers = (
        (TIMESTAMP.decode(), True, "µs since 1970"),
        (SIGNATURE.decode(), True, "hex of the HMAC-SHA256"),
        (PREVIOUS_SIGNATURE, False, "the same with the secret before the last rotation, for 24 hours after it"),
    )
    return {
        "operationId": "merchant_notice",
        "summary": "Something happened to a merchant order",
        "description": " ".join((MerchantNotice.__doc__ or "").split()),
        "parameters": [
            {"name": name, "in": "header", "required": always, "description": words, "schema": {"type": "string"}}
            for name, always, words in headers
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"2XX": {"description": "It was taken, and is not sent again."}},
    }


def encoded(endpoints: Sequence[Endpoint]) -> bytes:
    return msgspec.json.encode(document(endpoints))


def _kinds(endpoint: Endpoint) -> Iterable[Any]:
    said = endpoint.signature()
    return (kind for kind in (said.query, said.body, said.reply, endpoint.accepted) if kind is not None)


def _operation(endpoint: Endpoint, by_kind: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    said = endpoint.signature()
    parameters: list[dict[str, Any]] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in said.path]
    if said.query is not None:
        parameters += _query_parameters(by_kind[said.query], components)
    if endpoint.effect is not Effect.READ and endpoint.scope is not Scope.PUBLIC:
        parameters.append({"name": IDEMPOTENCY_KEY.decode(), "in": "header", "required": False, "schema": _IDEMPOTENCY_SCHEMA})
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": said.words.partition(". ")[0].rstrip("."),
        "description": said.words,
        "x-scope": endpoint.scope.value,
        "x-proof": endpoint.proof,
        "responses": {
            str(endpoint.status): {"description": "Done.", "content": {"application/json": {"schema": by_kind[said.reply]}}},
            **{str(status): _problem(codes, by_kind[Problem]) for status, codes in statuses_of(endpoint).items()},
        },
    }
    if endpoint.accepted is not None:
        content = {"application/json": {"schema": by_kind[endpoint.accepted]}}
        operation["responses"]["202"] = {"description": "Not done yet: it waits for somebody else.", "content": content}
    if parameters:
        operation["parameters"] = parameters
    if said.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": by_kind[said.body]}}}
    if endpoint.scope is not Scope.PUBLIC:
        operation["security"] = SESSION_ONLY if endpoint.scope in OF_PEOPLE else SECURITY
    return operation


def _problem(codes: Sequence[Code], schema: dict[str, Any]) -> dict[str, Any]:
    words = "Not done: " + ", ".join(codes) + "." if codes else "Not done, for a reason of the operation's own."
    return {"description": words, "content": {CONTENT_TYPE: {"schema": schema}}}


_IDEMPOTENCY_SCHEMA = {"type": "string", "pattern": "^[!-~]{1,64}$"}


def _query_parameters(reference: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    """One for each field of the query's type."""
    schema = components[reference["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [{"name": name, "in": "query", "required": name in required, "schema": inner} for name, inner in schema["properties"].items()]


def _security_schemes() -> dict[str, Any]:
    def header(name: bytes, words: str) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": name.decode(), "description": words}

    signed = "Hex, HMAC-SHA256 with the secret as text or Ed25519, of timestamp, method, path, query and body with line feeds between."
    return {
        "key": header(KEY, "The API key."),
        "timestamp": header(TIMESTAMP, "µs since 1970."),
        "signature": header(SIGNATURE, signed),
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": f"From POST /session. What changes something needs the reply's `csrf_token` in the field {CSRF.decode()} too.",
        },
    }


def codes() -> list[tuple[str, int, bool, str]]:
    """(code, status, retryable, sentence) of every problem."""
    return [(code.value, kind.status, kind.retryable, kind.detail) for code, kind in KINDS.items()]


def fields(kind: Any) -> list[tuple[str, str, bool]]:
    """(name, type in words, whether it may be left out) of a struct's fields."""
    return [(each.encode_name, in_words(each.type), not each.required) for each in msgspec.structs.fields(typing.get_origin(kind) or kind)]


_ALIASES = {
    Decimal: "decimal",
    SignedDecimal: "decimal, may be negative",
    Time: "time",
    MarketName: "market's name",
    AssetCode: "asset's code",
}


def in_words(hint: Any) -> str:
    """A field's type for people: `decimal`, `list of Trade`, `one of buy, sell`."""
    if hint in _ALIASES:
        return _ALIASES[hint]
    hint = getattr(hint, "__supertype__", hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _annotated(arguments)
    if origin is typing.Literal:
        return "one of " + ", ".join(f"`{each}`" for each in arguments)
    if origin is list:
        return f"list of {in_words(arguments[0])}"
    if origin is tuple:
        return "[" + ", ".join(in_words(each) for each in arguments) + "]"
    if origin is dict:
        return f"object of {in_words(arguments[1])}"
    if arguments and origin is not None and not isinstance(origin, type):
        return " or ".join(in_words(each) for each in arguments)
    if arguments and type(None) in arguments:
        return " or ".join(in_words(each) for each in arguments)
    names = {str: "text", int: "integer", bool: "true or false", type(None): "null"}
    return names.get(hint, name_of(hint))


def _annotated(arguments: tuple[Any, ...]) -> str:
    base, metas = arguments[0], [each for each in arguments[1:] if isinstance(each, msgspec.Meta)]
    for meta in metas:
        if meta.examples:
            return f"{in_words(base)} such as `{meta.examples[0]}`"
        if meta.ge is not None and meta.le is not None:
            return f"{meta.ge} to {meta.le}"
    return in_words(base)
