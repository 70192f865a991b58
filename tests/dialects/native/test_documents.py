"""The API's own description: it is the code's, whole, and what it says of a reply is so."""

import json
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from cambist.api_types import stream
from cambist.api_types.problems import KINDS, Code
from cambist.dialects.native.endpoint import BASE
from cambist.dialects.native.reference_page import html
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import Scope
from tests.dialects.native.floor import Floor

ROOT = Path(__file__).resolve().parents[3]


def test_the_reference_page_is_what_the_code_says() -> None:
    ran = subprocess.run([sys.executable, ROOT / "scripts" / "native_api_page.py", "--check"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_the_page_for_people_shows_names_as_code() -> None:
    page = html(ENDPOINTS).decode()
    assert "<code>market-unknown</code>" in page
    assert "`" not in page


async def test_the_openapi_document_has_every_endpoint_and_resolves(floor: Floor) -> None:
    document = await floor.public("/openapi.json")
    named = {(method.upper(), path.removeprefix(BASE)) for path, methods in document["paths"].items() for method in methods}
    assert named == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    text = json.dumps(document)
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', text):
        assert reference in document["components"]["schemas"], reference
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] and "default" not in operation["responses"] for operation in operations)


async def test_the_asyncapi_document_has_every_message_and_resolves(floor: Floor) -> None:
    document = await floor.public("/asyncapi.json")
    kinds = {kind.__name__ for kind in (*stream.CLIENT_MESSAGES, *stream.SERVER_MESSAGES)}
    assert set(document["components"]["messages"]) == set(document["channels"]["stream"]["messages"]) == kinds
    assert {*typing.get_args(stream.AnyClientMessage)} == {*stream.CLIENT_MESSAGES}
    assert {*typing.get_args(stream.AnyServerMessage)} == {*stream.SERVER_MESSAGES}
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert reference in document["components"]["schemas"], reference


async def test_the_page_of_the_server_has_every_endpoint_and_every_problem(floor: Floor) -> None:
    reply = await floor.send("GET", f"{BASE}/reference")
    page = reply.content.decode()
    assert all(f"id='{endpoint.name}'" in page for endpoint in ENDPOINTS)
    assert all(f"id='{code}'" in page for code in Code)
    assert b"default-src 'none'" in dict(reply.headers)[b"content-security-policy"]


def test_every_problem_is_described_and_every_code_in_a_docstring_exists() -> None:
    assert set(KINDS) == set(Code)
    for endpoint in ENDPOINTS:
        if endpoint.scope in (Scope.OPERATOR, Scope.OPERATOR_READ):
            continue  # the operations' own
        for word in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", endpoint.signature().words):
            assert word in set(Code), f"{endpoint.name}: {word}"


@pytest.mark.parametrize("path", ["/cambist", "/cambist/", "/cambist/v1", "/cambist/v1/"])
async def test_who_looks_for_the_api_is_led_to_its_reference(floor: Floor, path: str) -> None:
    reply = await floor.send("GET", path)
    assert (reply.status, dict(reply.headers)[b"location"]) == (303, b"/cambist/v1/reference")
