"""Writes src/cambist/client/calls.py, a function for each endpoint of the native API; `--check` changes nothing."""

import re
import subprocess
import sys
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from cambist.api_types.values import Page
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS as EVERY_ENDPOINT
from cambist.dialects.native.scopes import Scope

ENDPOINTS = [endpoint for endpoint in EVERY_ENDPOINT if endpoint.scope not in (Scope.OPERATOR, Scope.OPERATOR_READ)]
"""Operators have the command line; their requests are not of `cambist.api_types`."""
FILE = Path(__file__).resolve().parents[1] / "src" / "cambist" / "client" / "calls.py"
HEAD = '''\
"""What can be asked: a function for each endpoint, which gives the call that a client sends.

Made by scripts/native_client_calls.py from the server's table of routes.
"""

from __future__ import annotations

'''


def structs(kind: Any) -> Iterator[Any]:
    """The structs that an annotation names."""
    for inner in typing.get_args(kind):
        yield from structs(inner)
    named = typing.get_origin(kind) or kind
    if named is not list and isinstance(named, type) and named is not str:
        yield named


def text_of(kind: Any) -> str:
    arguments = typing.get_args(kind)
    name = (typing.get_origin(kind) or kind).__name__
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
    reply = text_of(said.reply)
    words = textwrap.fill(f"{endpoint.method} {endpoint.path}: {said.words}", 128, subsequent_indent="    ", break_long_words=False)
    return (
        f"\n\ndef {endpoint.name}({', '.join(parameters)}) -> Call[{reply}]:\n"
        f'    """{words}"""\n'
        f'    return Call("{endpoint.method}", {literal}, {reply}{given})\n'
    )


def wanted() -> str:
    modules: dict[str, set[str]] = {}
    for endpoint in ENDPOINTS:
        said = endpoint.signature()
        for kind in (said.query, said.body, said.reply):
            for struct in structs(kind) if kind is not None else ():
                modules.setdefault(struct.__module__, set()).add(struct.__name__)
    modules.setdefault("cambist.client.call", set()).add("Call")
    modules[Page.__module__].add(Page.__name__)
    imports = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())]
    text = HEAD + "from urllib.parse import quote\n\n" + "\n".join(imports) + "".join(map(function, ENDPOINTS))
    for step in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
        line = [sys.executable, "-m", "ruff", *step, "--stdin-filename", str(FILE), "-"]
        text = subprocess.run(line, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> int:
    text = wanted()
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{FILE.name}: it is not what the server's table says: run `python scripts/native_client_calls.py`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
