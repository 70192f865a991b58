"""Writes what is made from the operations of the sandbox's control API; `--check` changes nothing and names the files that differ.

Its page of the reference, the typed Python clients, and what the JavaScript client has of the operations.
Run it after an operation or a struct of `src/cambist/sandbox/control/` changed.
"""

import importlib.util
import subprocess
import sys
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from cambist.sandbox.control.catalogue import BY_NOUN, OPERATIONS
from cambist.sandbox.control.descriptions import text_of
from cambist.sandbox.control.openapi import component, described_schemas
from cambist.sandbox.control.operations import JSON, AnyOperation

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "src" / "cambist" / "sandbox" / "control_client"
JAVASCRIPT = ROOT / "clients" / "javascript"
PAGE = ROOT / "docs" / "reference" / "control-api.md"
PAGE_HEAD = """# The sandbox's control API

`scripts/control_api.py` writes this page from the operations that a sandbox serves; a running one gives them as an OpenAPI 3.1 document at
`/sandbox/openapi.json`.

Each operation can be called in several ways that take the same fields and give the same reply:

| way | for `move-clock` |
|---|---|
| HTTP | `POST /sandbox/clock` with `{"advance": 60}` |
| the command line | `cambist sandbox ctl move-clock --advance 60` |
| Python | `sandbox.control.move_clock(advance=60)`, or `await sandbox.async_control.move_clock(advance=60)` |
| JavaScript | `await sandbox.control.moveClock({ advance: 60 })` |
| an agent, by MCP | the tool `move-clock` of `cambist sandbox mcp` |

Over HTTP the API answers programs on the same machine only: at a loopback address, with `localhost`, `127.0.0.1` or `[::1]` as the host,
and for a browser only to this server's own page, as its Origin says. The fields of a GET or DELETE stand in the query, those of a POST or
PUT in a JSON body whose `content-type` says so. A field in the path is always needed.
Who asks for something that cannot be done gets `{"error": "why"}`, and nothing has changed:

| status | why |
|---|---|
| 400 | the request makes no sense |
| 403 | not a program on this machine |
| 404 | there is nothing of that name or number |
| 409 | it cannot be done in the sandbox's present state |
| 415 | the body is not said to be JSON |

"""


# --- the page -----------------------------------------------------------------------------------------------------------------------------


def page() -> str:
    types_ = [type_ for operation in OPERATIONS for type_ in (operation.takes, *([operation.gives] if operation.media == JSON else []))]
    schemas, components = described_schemas(types_)
    lines = [PAGE_HEAD + "| operation | path | |", "|---|---|---|"]
    lines += [f"| [{one.name}](#{one.name}) | `{one.method} {one.path}` | {cell(one.summary)} |" for one in OPERATIONS]
    shown: list[str] = []
    for operation in OPERATIONS:
        lines += ["", f"## {operation.name}", "", f"`{operation.method} {operation.path}`. {operation.summary}", ""]
        lines += fields_of(operation, schemas, components, shown)
    lines += ["", "## Objects", "", "What the fields above refer to."]
    while later := [name for name in components if name in shown and f"### {name}" not in lines]:
        for name in later:
            text = components[name].get("description", "")
            lines += ["", f"### {name}", "", *([plain(text), ""] if text else []), *table(components[name], components, shown)]
    return wrapping().page_wrapped("\n".join(lines) + "\n")


def fields_of(operation: AnyOperation, schemas: dict[Any, Any], components: dict[str, Any], shown: list[str]) -> Iterator[str]:
    taken = components[component(schemas[operation.takes])]
    if taken.get("properties"):
        yield f"Takes: {plain(text)}" if (text := text_of(operation.takes)) else "Takes:"
        yield ""
        yield from table(taken, components, shown, operation.path_fields)
    else:
        yield "Takes nothing."
    yield ""
    if operation.media != JSON:
        yield f"Gives `{operation.media}`."
        return
    given = schemas[operation.gives]
    name = component(given)
    if not name:
        yield f"Gives {type_text(given, components, shown)}."
        return
    text = components[name].get("description", "")
    yield f"Gives: {plain(text)}" if text else "Gives:"
    yield ""
    yield from table(components[name], components, shown, given=True)


def table(
    schema: dict[str, Any], components: dict[str, Any], shown: list[str], path_fields: Iterable[str] = (), *, given: bool = False
) -> Iterator[str]:
    """A row for each field. `given`: of a reply, where no field is to be filled in."""
    if "properties" not in schema:
        yield f"{type_text(schema, components, shown)}"
        return
    yield f"| field | type |{'' if given else ' default |'} |"
    yield f"|---|---|{'' if given else '---|'}---|"
    for name, field in schema["properties"].items():
        needed = name in schema.get("required", ())
        default = "" if needed or "default" not in field else f"`{msgspec.json.encode(field['default']).decode()}`"
        where = "in the path" if name in path_fields else "needed" if needed else default
        text = cell(field.get("description", ""))
        yield f"| `{name}` | {cell(type_text(field, components, shown))} |{'' if given else f' {where} |'} {text} |"


def type_text(schema: dict[str, Any], components: dict[str, Any], shown: list[str]) -> str:
    """A JSON schema in a few words; components that it refers to are noted in `shown`."""
    if "anyOf" in schema:
        return ", ".join(type_text(one, components, shown) for one in schema["anyOf"])
    if name := component(schema):
        if name not in shown:
            shown.append(name)
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{msgspec.json.encode(value).decode()}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_text(schema.get('items', {}), components, shown)}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {type_text(schema['additionalProperties'], components, shown)}"
    return str(schema.get("type", "any"))


def cell(text: str) -> str:
    return plain(text).replace("|", "\\|")


def plain(text: str) -> str:
    return " ".join(text.split())


def wrapping() -> types.ModuleType:
    specification = importlib.util.spec_from_file_location("wrap_docs", Path(__file__).with_name("wrap_docs.py"))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


# --- the Python clients ---------------------------------------------------------------------------------------------------------------


class PythonTypes:
    """Writes types as source, and keeps what must be imported for them."""

    def __init__(self) -> None:
        self.imports: dict[str, set[str]] = {}

    def text(self, type_: Any) -> str:
        origin, arguments = typing.get_origin(type_), typing.get_args(type_)
        if type_ is None or type_ is type(None):
            return "None"
        if origin is typing.Annotated:
            return self.text(arguments[0])
        if origin in (typing.Union, types.UnionType):
            return " | ".join(self.text(one) for one in arguments)
        if origin is typing.Literal:
            self.imports.setdefault("typing", set()).add("Literal")
            return f"Literal[{', '.join(map(repr, arguments))}]"
        if origin is not None:
            inner = ", ".join("..." if one is Ellipsis else self.text(one) for one in arguments)
            return f"{self._named(origin)}[{inner}]"
        if type_ is Any:
            self.imports.setdefault("typing", set()).add("Any")
            return "Any"
        return self._named(type_)

    def _named(self, type_: Any) -> str:
        if type_.__module__ == "builtins":
            return str(type_.__name__)
        self.imports.setdefault(type_.__module__, set()).add(type_.__name__)
        return str(type_.__name__)


def parameters(operation: AnyOperation, types_: PythonTypes) -> tuple[list[str], list[str]]:
    """(parameters, arguments for the struct): needed fields by position or name, all others by name."""
    needed, optional, arguments = [], [], []
    for field in msgspec.structs.fields(operation.takes):
        type_ = types_.text(field.type)
        if field.required:
            needed.append(f"{field.name}: {type_}")
            arguments.append(f"{field.name}={field.name}")
            continue
        written = default_text(field, types_)
        if written is not None:
            optional.append(f"{field.name}: {type_} = {written}")
            arguments.append(f"{field.name}={field.name}")
        else:
            made = made_text(field, types_)
            optional.append(f"{field.name}: {type_} | None = None")
            arguments.append(f"{field.name}={made} if {field.name} is None else {field.name}")
    return [*needed, *(["*", *optional] if optional else [])], arguments


def default_text(field: Any, types_: PythonTypes) -> str | None:
    """A default that can stand in a signature; None when there is no such one."""
    if field.default is msgspec.UNSET:
        types_.imports.setdefault("msgspec", set()).add("UNSET")
        return "UNSET"
    if field.default is None or isinstance(field.default, bool | int | float | str) or field.default == ():
        return repr(field.default)
    return None


def made_text(field: Any, types_: PythonTypes) -> str:
    """An expression that makes a default which is an object of its own."""
    if field.default_factory in (list, dict, set, tuple):
        return f"{field.default_factory.__name__}()"
    maker = field.default_factory if isinstance(field.default_factory, type) else type(field.default)
    if issubclass(maker, msgspec.Struct) and (field.default is msgspec.NODEFAULT or field.default == maker()):
        return f"{types_.text(maker)}()"
    sys.exit(f"the default of {field.name} cannot be written into a client: give it one that is plain, or a struct's own defaults")


def client(*, waits: bool) -> str:
    """A class with a method for each operation; coroutines unless it `waits`."""
    base, name = ("Calls", "Control") if waits else ("AsyncCalls", "AsyncControl")
    types_, methods = PythonTypes(), []
    for noun, own in BY_NOUN.items():
        constants = {id(value): constant for constant, value in vars(sys.modules[f"cambist.sandbox.control.{noun}"]).items()}
        types_.imports.setdefault("cambist.sandbox.control", set()).add(f"{noun} as {noun}_operations")
        for operation in own:
            given, arguments = parameters(operation, types_)
            called = call(f"{noun}_operations.{constants[id(operation)]}", types_.text(operation.takes), arguments)
            method = operation.name.replace("-", "_")
            head = f"{'' if waits else 'async '}def {method}({', '.join(['self', *given])}) -> {types_.text(operation.gives)}:"
            methods.append(f'    {head}\n        """{operation.summary}"""\n        return {"" if waits else "await "}{called}\n')
    imports = "\n".join(f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(types_.imports.items()))
    how = "each call waits for its reply" if waits else "for asyncio"
    return (
        f'"""A method for each operation of the control API; {how}. `scripts/control_api.py` writes this file."""\n\n'
        f"from __future__ import annotations\n\n{imports}\nfrom cambist.sandbox.control_client.calls import {base}\n\n\n"
        f'class {name}({base}):\n    """What can be asked of the sandbox at `url`; ControlError when it was not carried out."""\n\n'
        + "\n".join(methods)
    )


MANY = 16
"""Arguments that have a line each."""


def call(operation: str, struct: str, arguments: list[str]) -> str:
    """The call that a method makes; many arguments stand several to a line, or the method would grow too long."""
    if len(arguments) <= MANY:
        return f"self.call({operation}, {struct}({', '.join(arguments)}))"
    lines = textwrap.wrap(", ".join(arguments) + ",", 120, break_long_words=False, break_on_hyphens=False)
    within = "\n".join(f"                {line}" for line in lines)
    return f"self.call(\n            {operation},\n            {struct}(\n{within}\n            ),\n        )  # fmt: skip"


def formatted(source: str, file: Path) -> str:
    for words in (["check", "--fix-only", "--quiet", "--select", "I"], ["format"]):
        line = [sys.executable, "-m", "ruff", *words, "--stdin-filename", str(file), "-"]
        source = subprocess.run(line, input=source, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    return source


# --- the JavaScript client ----------------------------------------------------------------------------------------------------------------

WRITTEN = "// Written by scripts/control_api.py from the sandbox's operations.\n\n"


def javascript() -> str:
    """The operations as a table."""
    rows = [{"name": one.name, "method": one.method, "path": one.path, "media": one.media} for one in OPERATIONS]
    lines = [f"  {{ {', '.join(f'{name}: {quoted(value)}' for name, value in row.items())} }},\n" for row in rows]
    return f"{WRITTEN}export const OPERATIONS = Object.freeze([\n{''.join(lines)}]);\n"


def typescript() -> str:
    """Types of everything that operations take and give, and a method for each."""
    types_ = [type_ for operation in OPERATIONS for type_ in (operation.takes, *([operation.gives] if operation.media == JSON else []))]
    schemas, components = described_schemas(types_)
    parts = [WRITTEN]
    parts += [interface(name, schema) for name, schema in components.items() if schema.get("properties")]
    parts += [f"export type {identifier(name)} = {ts_type(one)};\n\n" for name, one in components.items() if not one.get("properties")]
    parts.append("/** A method for each operation. */\nexport interface ControlMethods {\n")
    for operation in OPERATIONS:
        head, *rest = operation.name.split("-")
        taken = components[component(schemas[operation.takes])]
        fields = ""
        if taken.get("properties"):
            fields = f"fields{'' if taken.get('required') else '?'}: {ts_type(schemas[operation.takes])}"
        given = ts_type(schemas[operation.gives]) if operation.media == JSON else "Uint8Array"
        method = head + "".join(word.capitalize() for word in rest)
        parts.append(f"  /** {operation.summary} */\n  {method}({fields}): Promise<{given}>;\n")
    parts.append("}\n\nexport const OPERATIONS: readonly { name: string; method: string; path: string; media: string }[];\n")
    return "".join(parts)


def interface(name: str, schema: dict[str, Any]) -> str:
    text = plain(schema.get("description", "")).replace("*/", "* /")
    lines = [f"/** {text} */\n"] if text else []
    lines.append(f"export interface {identifier(name)} {{\n")
    for field, inner in schema["properties"].items():
        if text := plain(inner.get("description", "")).replace("*/", "* /"):
            lines.append(f"  /** {text} */\n")
        lines.append(f"  {field}{'' if field in schema.get('required', ()) else '?'}: {ts_type(inner)};\n")
    return "".join([*lines, "}\n\n"])


def ts_type(schema: dict[str, Any]) -> str:
    """A JSON schema as a type of TypeScript."""
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(ts_type(one) for one in schema["anyOf"]))
    if name := component(schema):
        return identifier(name)
    if "enum" in schema:
        return " | ".join(quoted(value) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return f"Array<{ts_type(schema.get('items', {}))}>"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"Record<string, {ts_type(inner) if isinstance(inner, dict) else 'unknown'}>"
    return {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}.get(str(kind), "unknown")


def identifier(name: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in name)


def quoted(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else msgspec.json.encode(value).decode()


def files() -> dict[Path, str]:
    """All files, as they should be."""
    sync, coroutines = CLIENT / "control.py", CLIENT / "async_control.py"
    return {
        PAGE: page(),
        sync: formatted(client(waits=True), sync),
        coroutines: formatted(client(waits=False), coroutines),
        JAVASCRIPT / "operations.js": javascript(),
        JAVASCRIPT / "operations.d.ts": typescript(),
    }


def main() -> None:
    different = {file: text for file, text in files().items() if not file.exists() or file.read_text(encoding="utf-8") != text}
    if "--check" in sys.argv[1:]:
        sys.exit("run scripts/control_api.py: " + ", ".join(str(file.relative_to(ROOT)) for file in different) if different else 0)
    for file, text in different.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
