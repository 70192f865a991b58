"""The control API as a whole: one table of operations, and everything that is made from it agrees with what a sandbox serves."""

import asyncio
import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cambist.sandbox.control.catalogue import BY_NAME, BY_NOUN, OPERATIONS
from cambist.sandbox.control.clock import MOVE, Movement, Until
from cambist.sandbox.control.descriptions import field_texts, text_of
from cambist.sandbox.control.openapi import document
from cambist.sandbox.control.operations import Operation
from cambist.sandbox.control_client.async_control import AsyncControl
from cambist.sandbox.control_client.calls import Address, ControlError, call_of
from cambist.sandbox.control_client.control import Control
from tests.support.processes import Running, serving

DOCUMENT = document(BY_NOUN, "1")
METHODS = ("get", "put", "post", "delete")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--quiet", "--clock", "manual") as running:
        yield running


def asked(url: str, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    connection = http.client.HTTPConnection(url.partition("//")[2], timeout=60)
    connection.request(method, path, body, {"content-type": "application/json"})
    reply = connection.getresponse()
    return reply.status, reply.read()


# --- the table ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_is_named_and_described_as_all_others(operation: Operation[Any, Any]) -> None:
    assert operation.name.replace("-", "").isalnum()
    assert operation.name == operation.name.lower()
    assert operation.path.startswith("/sandbox/")
    assert operation.method.lower() in METHODS
    assert operation.summary.endswith(".")
    assert set(operation.path_fields) <= set(operation.takes.__struct_fields__)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_sandbox_serves_every_operation_of_the_table(operation: Operation[Any, Any], sandbox: Running) -> None:
    """A method that no operation has shows that the path is there, and does nothing."""
    path = operation.path.replace("{", "").replace("}", "")
    assert asked(sandbox.url, "PATCH", path)[0] == 405
    assert asked(sandbox.url, "PATCH", "/sandbox/nothing-of-that-name")[0] == 404


# --- OpenAPI ------------------------------------------------------------------------------------------------------------------------------


def test_the_document_that_is_served_is_made_from_the_table(sandbox: Running) -> None:
    status, body = asked(sandbox.url, "GET", "/sandbox/openapi.json")
    assert status == 200
    served = json.loads(body)
    assert served["openapi"] == "3.1.0"
    assert served["paths"] == json.loads(msgspec.json.encode(DOCUMENT["paths"]))
    listed = {entry["operationId"] for path in served["paths"].values() for entry in path.values()}
    assert listed == set(BY_NAME)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_of_the_document_leads_to_a_component() -> None:
    named = {reference.removeprefix("#/components/schemas/") for reference in references(DOCUMENT)}
    assert named
    assert named <= set(DOCUMENT["components"]["schemas"])


def test_every_field_in_a_path_is_a_parameter_that_is_needed() -> None:
    for path, entries in DOCUMENT["paths"].items():
        for entry in entries.values():
            placed = {one["name"] for one in entry.get("parameters", ()) if one["in"] == "path" and one["required"]}
            assert placed == {part.partition("}")[0] for part in path.split("{")[1:]}


def test_a_field_s_docstring_is_its_description() -> None:
    assert DOCUMENT["components"]["schemas"]["Movement"]["properties"]["advance"]["description"] == "On by so many seconds."


class Plain(msgspec.Struct):
    """Two lines
    of text."""

    first: int
    """What it is,
    in two lines."""
    second: int = 0


class Derived(Plain):
    third: int = 1
    """One more."""


def test_texts_of_fields_are_read_from_the_sources_inherited_ones_too() -> None:
    assert field_texts(Derived) == {"first": "What it is, in two lines.", "third": "One more."}
    assert text_of(Plain) == "Two lines of text."
    assert text_of(Derived) == ""


# --- calls --------------------------------------------------------------------------------------------------------------------------------


class Placed(msgspec.Struct):
    order: str
    shown: bool = False
    count: int | None = None


IN_PATH = Operation("one", "GET", "/sandbox/orders/{order}/timeline", Placed, dict[str, Any], "One.")
IN_BODY = Operation("two", "POST", "/sandbox/orders/{order}/timeline", Placed, dict[str, Any], "Two.")


@pytest.mark.parametrize(
    ("operation", "taken", "target", "body"),
    [
        (IN_PATH, Placed("17"), "/sandbox/orders/17/timeline?shown=false", b""),
        (IN_PATH, Placed("a/b ü", True, 3), "/sandbox/orders/a%2Fb%20%C3%BC/timeline?shown=true&count=3", b""),
        (IN_BODY, Placed("17", True), "/sandbox/orders/17/timeline", b'{"shown":true,"count":null}'),
        (MOVE, Movement(step=2), "/sandbox/clock", b'{"advance":null,"run_until":null,"step":2}'),
    ],
)
def test_fields_go_where_the_operation_says(operation: Operation[Any, Any], taken: msgspec.Struct, target: str, body: bytes) -> None:
    call = call_of(operation, taken)
    assert (call.method, call.target, call.body) == (operation.method, target, body)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("127.0.0.1:8700/", "http://127.0.0.1:8700"),
        ("https://[::1]:1", "https://[::1]:1"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_addresses_as_people_write_them(url: str, meant: str) -> None:
    assert str(Address.of(url)) == meant


@pytest.mark.parametrize("url", ["", "http://", "http://x:y", "ftp://x", "http://x/path", "http://[::1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ControlError):
        Address.of(url)


async def test_both_clients_get_the_same_replies(sandbox: Running) -> None:
    control, coroutines = Control(sandbox.url), AsyncControl(sandbox.url)
    began = control.clock()
    assert await coroutines.clock() == began
    assert control.move_clock(advance=1.5).micros == began.micros + 1_500_000
    later = await coroutines.move_clock(run_until=Until(time=(began.micros + 9_000_000) / 1e6))
    assert (later.micros, later.met) == (began.micros + 9_000_000, True)
    assert control.openapi() == await coroutines.openapi()


async def test_both_clients_raise_the_sandbox_s_words_and_status(sandbox: Running) -> None:
    with pytest.raises(ControlError, match="give one of advance, run_until, step") as refused:
        Control(sandbox.url).move_clock()
    assert refused.value.status == 400
    with pytest.raises(ControlError, match="give one of advance, run_until, step") as refused:
        await AsyncControl(sandbox.url).move_clock()
    assert refused.value.status == 400


async def test_both_clients_say_that_nobody_answers() -> None:
    words = re.escape("no sandbox answers at http://127.0.0.1:1: ")
    with pytest.raises(ControlError, match=words) as unreachable:
        Control("http://127.0.0.1:1").clock()
    assert unreachable.value.status is None
    with pytest.raises(ControlError, match=words):
        await AsyncControl("http://127.0.0.1:1").clock()


async def test_a_venue_that_is_no_sandbox_is_called_that(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "venue") as venue:
        words = re.escape(f"what answers at {venue.url} is no sandbox")
        with pytest.raises(ControlError, match=words) as other:
            Control(venue.url).clock()
        assert other.value.status == 404
        with pytest.raises(ControlError, match=words):
            await AsyncControl(venue.url).clock()


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param(b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n", 404, id="not found, and no words"),
        pytest.param(b'HTTP/1.1 500 x\r\ncontent-length: 13\r\n\r\n{"success":0}', 500, id="JSON of another kind"),
        pytest.param(b"HTTP/1.1 200 x\r\ncontent-length: 6\r\n\r\n<html>", 200, id="a page"),
        pytest.param(b"SSH-2.0-x\r\n\r\n", None, id="another protocol"),
    ],
)
async def test_what_answers_in_other_words_is_no_sandbox(reply: bytes, status: int | None) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for ask in (AsyncControl(url).clock, lambda: asyncio.to_thread(Control(url).clock)):
            with pytest.raises(ControlError, match=re.escape(f"what answers at {url} is no sandbox")) as other:
                await ask()
            assert other.value.status == status


@pytest.mark.parametrize(
    ("until", "field"),
    [
        (Until(market="btc_usd", price_at_least="abc"), "price_at_least"),
        (Until(market="btc_usd", price_at_most="1,5"), "price_at_most"),
        (Until(market="btc_abc", price_at_most="1"), "market"),
        (Until(order=10**9), "order"),
        (Until(time="soon"), "time"),
        (Until(time=1e308), "time"),
        (Until(market="btc_usd", price_at_most="1", within=-1.0), "within"),
    ],
)
def test_what_is_wrong_with_a_condition_names_its_field(until: Until, field: str, sandbox: Running) -> None:
    with pytest.raises(ControlError, match=rf"^run_until\.{field}: "):
        Control(sandbox.url).move_clock(run_until=until)
