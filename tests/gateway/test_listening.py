"""Which addresses a server listens on: all of a name's, on one port."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.app import Gateway
from cambist.gateway.listening import bind
from cambist.gateway.server import Server


def ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


BOTH = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
needs_ipv6 = pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6")


def who(request: Request) -> Reply:
    return Reply(200, request.client.encode())


async def ask(host: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2]


@needs_ipv6
async def test_a_name_of_both_families_is_served_on_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(family, socket.SOCK_STREAM, 6, "", (address, 0)) for family, address in BOTH]
    server = Server(Gateway([Route("/", who)]), "localhost", 0)
    monkeypatch.setattr("cambist.gateway.listening.socket.getaddrinfo", lambda *_args, **_options: both)
    await server.start()
    monkeypatch.undo()
    try:
        assert [await ask(address, server.port) for _family, address in BOTH] == [b"127.0.0.1", b"::1"]
    finally:
        await server.stop()


@needs_ipv6
async def test_the_unspecified_ipv6_address_takes_both_families() -> None:
    async with Server(Gateway([Route("/", who)]), "::", 0) as server:
        assert await ask("127.0.0.1", server.port) == b"127.0.0.1"  # not ::ffff:127.0.0.1, which no list of addresses has
        assert await ask("::1", server.port) == b"::1"


async def test_one_address_is_one_family() -> None:
    async with Server(Gateway([Route("/", who)]), "127.0.0.1", 0) as server:
        assert await ask("127.0.0.1", server.port) == b"127.0.0.1"
        if ipv6():
            with pytest.raises(OSError, match=r"."):
                await ask("::1", server.port)


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    (first,) = bind("127.0.0.1", 0)
    with first, pytest.raises(OSError, match=r".") as refused:
        bind("127.0.0.1", first.getsockname()[1])
    assert refused.value.errno == errno.EADDRINUSE


@needs_ipv6
def test_a_free_port_is_free_at_every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some port is taken at one address only: the system's choice for the other may be just that, and another is tried."""
    both = [(family, socket.SOCK_STREAM, 6, "", (address, 0)) for family, address in BOTH]
    monkeypatch.setattr("cambist.gateway.listening.socket.getaddrinfo", lambda *_args, **_options: both)
    for _round in range(50):
        one, other = bind("localhost", 0)
        with one, other:
            assert one.getsockname()[1] == other.getsockname()[1]


def test_an_address_that_this_machine_lacks_is_skipped_only_beside_another(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))
    here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
    monkeypatch.setattr("cambist.gateway.listening.socket.getaddrinfo", lambda *_args, **_options: [lacking, here])
    (only,) = bind("name.example", 0)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"
    monkeypatch.setattr("cambist.gateway.listening.socket.getaddrinfo", lambda *_args, **_options: [lacking])
    with pytest.raises(OSError, match=r"."):
        bind("name.example", 0)
