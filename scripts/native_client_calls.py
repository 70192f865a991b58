"""Writes src/cambist/client/calls.py and operator_calls.py, a function for each endpoint of the native API; `--check` changes nothing."""

import re
import subprocess
import sys
import textwrap
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import OPERATORS

CLIENT = Path(__file__).resolve().parents[1] / "src" / "cambist" / "client"
HEAD = '''\
"""{words}

Made by scripts/native_client_calls.py from the server's table of routes.
"""

from __future__ import annotations

'''
WORDS = {
    "calls.py": "What can be asked: a function for each endpoint, which gives the call that a client sends.",
    "operator_calls.py": "What operators can ask, on the types of the venue's operations: importing them takes longer than all of `calls`.",
}
OPERATIONS = "cambist.operations."
"""Their structs are named with their modules, since several have the same name."""


def structs(kind: Any) -> Iterator[Any]:
    """The structs that an annotation names."""
    for inner in typing.get_args(kind):
        yield from structs(inner)
    named = typing.get_origin(kind) or kind
    if named is not list and isinstance(named, type) and named is not str:
        yield named


def text_of(kind: Any) -> str:
    arguments = typing.get_args(kind)
    named = typing.get_origin(kind) or kind
    module = named.__module__
    name = f"{module.removeprefix(OPERATIONS)}.{named.__name__}" if module.startswith(OPERATIONS) else named.__name__
    return f"{name}[{', '.join(map(text_of, arguments))}]" if arguments else name


def function(endpoint: Endpoint) -> str:
    said = endpoint.signature()
    parameters = [f"{name}: str" for name in said.path]
    given = ""
    if said.body is not None:
        parameters.append(f"body: {text_of(said.body)}")
        given += ", body=body"
    if said.query is not None:
        needed = any(each.required for each in msgspec.structs.fields(said.query))
        parameters.append(f"query: {text_of(said.query)}" + ("" if needed else " | None = None"))
        given += ", query=query"
    path = re.sub(r"\{(\w+)\}", r"{quote(\1, safe='')}", endpoint.path)
    literal = f'f"{path}"' if said.path else f'"{path}"'
    reply = said_reply = text_of(said.reply)
    if endpoint.accepted is not None:
        given += f", accepted={text_of(endpoint.accepted)}"
        reply = f"{reply} | {text_of(endpoint.accepted)}"
    words = textwrap.fill(f"{endpoint.method} {endpoint.path}: {said.words}", 128, subsequent_indent="    ", break_long_words=False)
    return (
        f"\n\ndef {endpoint.name}({', '.join(parameters)}) -> Call[{reply}]:\n"
        f'    """{words}"""\n'
        f'    return Call("{endpoint.method}", {literal}, {said_reply}{given})\n'
    )


def wanted(file: str, endpoints: Sequence[Endpoint]) -> str:
    modules: dict[str, set[str]] = {}
    for endpoint in endpoints:
        said = endpoint.signature()
        for kind in (said.query, said.body, said.reply, endpoint.accepted):
            for struct in structs(kind) if kind is not None else ():
                module = struct.__module__
                if module.startswith(OPERATIONS):
                    modules.setdefault(OPERATIONS.rstrip("."), set()).add(module.removeprefix(OPERATIONS))
                elif module != "builtins":
                    modules.setdefault(module, set()).add(struct.__name__)
    modules.setdefault("cambist.client.call", set()).add("Call")
    imports = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())]
    quoting = "from urllib.parse import quote\n\n" if any(endpoint.signature().path for endpoint in endpoints) else ""
    text = HEAD.format(words=WORDS[file]) + quoting + "\n".join(imports) + "".join(map(function, endpoints))
    for step in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
        line = [sys.executable, "-m", "ruff", *step, "--stdin-filename", str(CLIENT / file), "-"]
        text = subprocess.run(line, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> int:
    files: dict[str, list[Endpoint]] = {file: [] for file in WORDS}
    for endpoint in ENDPOINTS:
        files["operator_calls.py" if endpoint.scope in OPERATORS else "calls.py"].append(endpoint)
    stale = 0
    for file, endpoints in files.items():
        text, path = wanted(file, endpoints), CLIENT / file
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{file}: it is not what the server's table says: run `python scripts/native_client_calls.py`\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
