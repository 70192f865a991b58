"""Other sites' pages in a browser on the sandbox's machine: no path and no socket of a sandbox is theirs, whatever they know."""

from __future__ import annotations

import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.processes import Running, serving

EVIL = {"User-Agent": "Mozilla/5.0", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("foreign"), "sandbox", "--quiet", "--users", "alice") as running:
        yield running


def status(sandbox: Running, path: str, fields: dict[str, str] | None, headers: dict[str, str]) -> int:
    body = urllib.parse.urlencode(fields).encode() if fields is not None else None
    try:
        with urllib.request.urlopen(urllib.request.Request(sandbox.url + path, body, headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def handshake(sandbox: Running, path: str, headers: dict[str, str]) -> bytes:
    """The first line of the answer to an opening handshake."""
    lines = [
        f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{sandbox.port}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]  # fmt: skip
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.makefile("rb").readline()


def test_no_page_but_the_sandbox_s_own_sends_a_form(sandbox: Running) -> None:
    form = {"method": "getInfo", "nonce": "1"}
    assert status(sandbox, "/tapi", form, {}) == 200, "a program's call is answered in the API's own words"
    assert status(sandbox, "/tapi", form, {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}) == 200
    assert status(sandbox, "/tapi", form, EVIL) == 403


@pytest.mark.parametrize("path", ["/api/3/info", "/cambist/v1/venue", "/sandbox/clock", "/api/2/btc_usd/ticker", "/nothing"])
def test_no_page_but_the_sandbox_s_own_reads_anything(sandbox: Running, path: str) -> None:
    assert status(sandbox, path, None, EVIL) == 403
    assert status(sandbox, path, None, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}) == 403
    assert status(sandbox, path, None, {"Sec-Fetch-Site": "same-origin"}) == (404 if path == "/nothing" else 200)


@pytest.mark.parametrize("path", ["/mtgox", "/ws", "/ws/spot", "/cambist/v1/stream"])
def test_nor_opens_a_socket(sandbox: Running, path: str) -> None:
    assert b" 403 " in handshake(sandbox, path, EVIL)
    assert b" 101 " in handshake(sandbox, path, {"Origin": "http://localhost:3000" if "cambist" not in path else sandbox.url})
    assert b" 101 " in handshake(sandbox, path, {})


def test_the_sandbox_s_own_page_uses_its_control_api(sandbox: Running) -> None:
    assert status(sandbox, "/sandbox/clock", None, {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}) == 200
    assert status(sandbox, "/sandbox/clock", None, {"Origin": "http://localhost:3000"}) == 403
