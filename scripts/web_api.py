"""Writes web/src/api/generated.ts: the native API's types and a function for each endpoint, for the web page; `--check` changes nothing.

Made from the server's own OpenAPI document and the types of the stream. Run it after an endpoint or a type of `cambist.api_types` changed.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from cambist.api_types import stream
from cambist.api_types.problems import Problem
from cambist.api_types.values import schema_components
from cambist.dialects.native import openapi
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS

FILE = Path(__file__).resolve().parents[1] / "web" / "src" / "api" / "generated.ts"
HEAD = """\
// The native API's types, and a function for each endpoint. Made by scripts/web_api.py from the server's types: do not edit.

import type { Call } from "./call";
import { call } from "./call";

/** An exact decimal number as text. */
export type Decimal = string;

/** A part of a list, newest first. `next` is the cursor of the part behind it, null when there is no more. */
export interface Page<T> {
  rows: T[];
  next: string | null;
}
"""
REFERENCE = "#/components/schemas/"
DECIMAL = "[0-9]{1,18})?$"
"""How the pattern of a decimal text ends."""
PAGE = re.compile(r"Page_(\w+)_")
WIDTH = 110


# --- types ----------------------------------------------------------------------------------------------------------------------------
def type_text(schema: dict[str, Any]) -> str:
    """A JSON schema as a TypeScript type."""
    if "$ref" in schema:
        return shown(schema["$ref"].removeprefix(REFERENCE))
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_text(one) for one in schema["anyOf"]))
    if "const" in schema:
        return msgspec.json.encode(schema["const"]).decode()
    if "enum" in schema:
        return " | ".join(msgspec.json.encode(value).decode() for value in schema["enum"])
    if schema.get("type") == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(type_text(one) for one in schema['prefixItems'])}]"
        inner = type_text(schema["items"]) if schema.get("items") else "unknown"
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {type_text(values)}>" if isinstance(values, dict) and values else "Record<string, unknown>"
    if schema.get("type") == "string":
        return "Decimal" if str(schema.get("pattern", "")).endswith(DECIMAL) else "string"
    return {"integer": "number", "number": "number", "boolean": "boolean", "null": "null"}.get(str(schema.get("type")), "unknown")


def shown(component: str) -> str:
    """A component's name: where two have one, it has its module before it, and the operators' gets their word."""
    if generic := PAGE.fullmatch(component):
        return f"Page<{generic[1]}>"
    module, _, name = component.rpartition(".")
    return f"Operator{name}" if module and not module.startswith("cambist.api_types") else name


def interface(name: str, schema: dict[str, Any], *, sent: bool) -> Iterator[str]:
    """A struct. What clients send may leave out what has a default; what servers send is always whole."""
    yield ""
    if words := " ".join(str(schema.get("description", "")).split()):
        yield f"/** {words.replace('*/', '')} */"
    fields = schema.get("properties", {})
    if not fields:
        yield f"export type {shown(name)} = Record<string, never>;"
        return
    yield f"export interface {shown(name)} {{"
    needed = schema.get("required", [])
    for field, kind in fields.items():
        optional = "?" if sent and field not in needed else ""
        yield f"  {field}{optional}: {type_text(kind)};"
    yield "}"


def referenced(schema: Any) -> Iterator[str]:
    """The components that a schema names."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(REFERENCE)
        for value in schema.values():
            yield from referenced(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from referenced(value)


def closure(names: Iterable[str], components: dict[str, Any]) -> set[str]:
    """These components, and what they are made of."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += referenced(components[name])
    return found


# --- functions ------------------------------------------------------------------------------------------------------------------------
def function(endpoint: Endpoint, by_kind: dict[Any, Any], components: dict[str, Any]) -> Iterator[str]:
    said = endpoint.signature()
    parameters = [f"{camel(name)}: string" for name in said.path]
    options: list[str] = []
    if said.body is not None:
        parameters.append(f"body: {type_text(by_kind[said.body])}")
        options.append("body")
    if said.query is not None:
        (name,) = referenced(by_kind[said.query])
        optional = "" if components[name].get("required") else "?"
        parameters.append(f"query{optional}: {shown(name)}")
        options.append("query")
    reply = type_text(by_kind[said.reply])
    if endpoint.accepted is not None:
        reply += f" | {type_text(by_kind[endpoint.accepted])}"
    path = re.sub(r"\{(\w+)\}", lambda match: f"${{encodeURIComponent({camel(match[1])})}}", endpoint.path)
    literal = f"`{path}`" if said.path else f'"{path}"'
    given = f", {{ {', '.join(options)} }}" if options else ""
    yield ""
    yield f"/** {said.words.replace('*/', '')} */"
    head = f"export const {camel(endpoint.name)} = ({', '.join(parameters)}): Call<{reply}> =>"
    call = f'call("{endpoint.method}", {literal}{given});'
    yield from [f"{head} {call}"] if len(head) + len(call) < WIDTH else [head, f"  {call}"]


def camel(name: str) -> str:
    first, *rest = re.split(r"[_-]", name)
    return first + "".join(each.capitalize() for each in rest)


# --- the file -------------------------------------------------------------------------------------------------------------------------
def wanted() -> str:
    messages = [*stream.CLIENT_MESSAGES, *stream.SERVER_MESSAGES]
    bodies = [kind for endpoint in ENDPOINTS for kind in (endpoint.signature().query, endpoint.signature().body) if kind is not None]
    replies = [kind for endpoint in ENDPOINTS for kind in (endpoint.signature().reply, endpoint.accepted) if kind is not None]
    kinds = [*bodies, *replies, *messages, Problem]
    schemas, components = schema_components(kinds, openapi.REFERENCE)
    by_kind = dict(zip(kinds, schemas, strict=True))
    sent = closure({name for kind in (*bodies, *stream.CLIENT_MESSAGES) for name in referenced(by_kind[kind])}, components)
    lines = [HEAD.rstrip()]
    for name in sorted(name for name in components if not PAGE.fullmatch(name)):
        lines += interface(name, components[name], sent=name in sent)
    for name, group in (("ClientMessage", stream.CLIENT_MESSAGES), ("ServerMessage", stream.SERVER_MESSAGES)):
        lines += ["", f"export type {name} =", *(f"  | {type_text(by_kind[kind])}" for kind in group)]
        lines[-1] += ";"
    for endpoint in ENDPOINTS:
        lines += function(endpoint, by_kind, components)
    return "\n".join(lines) + "\n"


def main() -> int:
    text = wanted()
    if "--check" not in sys.argv[1:]:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{FILE.name}: it is not what the server's types say: run `python scripts/web_api.py`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
