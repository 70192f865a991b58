"""The native API's reference, from the same source as everything else: as a page of the server, and as docs/reference/native-api.md."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import msgspec

from cambist.api_types import stream
from cambist.api_types.values import name_of
from cambist.dialects.native import openapi
from cambist.dialects.native.endpoint import BASE, Endpoint
from cambist.dialects.native.scopes import Effect, Scope

STYLE = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{font-size:.9em}h3{margin-bottom:.2rem}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #8884;vertical-align:top}"
)
_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = (
    (b"content-security-policy", f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'".encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def html(endpoints: Sequence[Endpoint]) -> bytes:
    """A page without scripts."""
    rows = "".join(_html_endpoint(endpoint) for endpoint in endpoints)
    problems = "".join(
        f"<tr id='{code}'><td><code>{code}</code><td>{status}<td>{'yes' if again else 'no'}<td>{_shown(words)}"
        for code, status, again, words in openapi.codes()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>Cambist native API</title><style>{STYLE}</style><h1>Cambist native API</h1>"
        f"<p>Below <code>{BASE}</code>. For programs: "
        f"<a href='{BASE}/openapi.json'>OpenAPI</a>, <a href='{BASE}/asyncapi.json'>AsyncAPI</a>.</p>"
        f"<h2>Endpoints</h2>{rows}<h2>Problems</h2>"
        f"<table><tr><th>code<th>status<th>retryable<th>sentence{problems}</table></html>"
    ).encode()


def _shown(words: str) -> str:
    """As HTML: docstrings mark names with backticks, as the page in Markdown has them."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))


def _html_endpoint(endpoint: Endpoint) -> str:
    said = endpoint.signature()
    kinds = [(word, kind) for word, kind in (("Query", said.query), ("Body", said.body)) if kind is not None]
    tables = "".join(
        f"<p>{word}</p><table>" + "".join(f"<tr><td><code>{name}</code><td>{_shown(words)}" for name, words, _ in openapi.fields(kind))
        + "</table>"
        for word, kind in kinds
    )  # fmt: skip
    proof = " Asks who logged in for a proof." if endpoint.proof else ""
    return (
        f"<h3 id='{endpoint.name}'><code>{endpoint.method} {escape(BASE + endpoint.path)}</code></h3>"
        f"<p>{_shown(said.words)} Scope: <b>{endpoint.scope}</b>.{proof} Answers: {escape(openapi.in_words(said.reply))}.</p>{tables}"
    )


# --- the page in docs/ ------------------------------------------------------------------------------------------------------
def markdown(endpoints: Sequence[Endpoint]) -> str:
    """The generated part of docs/reference/native-api.md."""
    lines = ["## Endpoints", "", "| method and path | scope | what it does |", "|---|---|---|"]
    for endpoint in endpoints:
        lines.append(f"| `{endpoint.method} {endpoint.path}` | {_scope(endpoint)} | {_cell(endpoint.signature().words)} |")
    lines += ["", "## Requests and replies", ""]
    for endpoint in endpoints:
        lines += list(_described(endpoint))
    lines += ["## Messages of the stream", "", *_messages()]
    lines += ["## Values", "", *_values(structs(endpoints))]
    lines += ["## Problems", "", "| code | status | retryable | sentence |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {status} | {'yes' if again else 'no'} | {_cell(words)} |" for code, status, again, words in openapi.codes()]
    return "\n".join(lines) + "\n"


def _scope(endpoint: Endpoint) -> str:
    return "" if endpoint.scope is Scope.PUBLIC else f"{endpoint.scope}"


def _described(endpoint: Endpoint) -> Iterator[str]:
    said = endpoint.signature()
    inputs = [("query", said.query), ("body", said.body)]
    parts = [f"{word} `{name_of(kind)}`" for word, kind in inputs if kind is not None]
    again = "; takes an `Idempotency-Key`" if endpoint.effect is not Effect.READ and endpoint.scope is not Scope.PUBLIC else ""
    waits = f", or 202 {openapi.in_words(endpoint.accepted)} while it waits for somebody else" if endpoint.accepted is not None else ""
    proof = "; asks for a proof" if endpoint.proof else ""
    asks = ", ".join(parts) + "; " if parts else ""
    yield f"- `{endpoint.name}`: {asks}answers {endpoint.status} {openapi.in_words(said.reply)}{waits}{again}{proof}"


def _messages() -> Iterator[str]:
    for words, tag_field, kinds in (("Clients say", "op", stream.CLIENT_MESSAGES), ("Clients hear", "type", stream.SERVER_MESSAGES)):
        tags = ", ".join(f"`{kind.__struct_config__.tag}` ({kind.__name__})" for kind in kinds)
        yield f"{words}, by `{tag_field}`: {tags}."
        yield ""
    yield from _values([*stream.CLIENT_MESSAGES, *stream.SERVER_MESSAGES])


def _values(kinds: Sequence[Any]) -> Iterator[str]:
    for kind in kinds:
        yield f"### {name_of(kind)}"
        yield ""
        yield " ".join((kind.__doc__ or "").split())
        yield ""
        found = openapi.fields(kind)
        if found:
            yield "| field | type | may be left out |"
            yield "|---|---|---|"
            for name, words, optional in found:
                yield f"| `{name}` | {_cell(words)} | {'yes' if optional else ''} |"
            yield ""


def structs(endpoints: Sequence[Endpoint]) -> list[Any]:
    """Every struct that requests and replies are made of, by name."""
    found: dict[tuple[str, str], Any] = {}
    for endpoint in endpoints:
        said = endpoint.signature()
        for kind in (said.query, said.body, said.reply, endpoint.accepted):
            _collect(kind, found)
    return [found[name] for name in sorted(found)]


def _collect(kind: Any, found: dict[tuple[str, str], Any]) -> None:
    for inner in getattr(kind, "__args__", ()):
        _collect(inner, found)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and (kind.__name__, kind.__module__) not in found:
        found[kind.__name__, kind.__module__] = kind
        for each in msgspec.structs.fields(kind):
            _collect(each.type, found)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
