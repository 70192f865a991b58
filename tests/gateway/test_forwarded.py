"""Whose request it is behind a reverse proxy: believed of trusted peers only, and only in the form that was configured."""

from __future__ import annotations

from typing import Any

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.http.forwarded import TrustedProxies
from cambist.gateway.http.limits import HttpLimits
from tests.gateway.conftest import Serve


def origin(request: Request) -> Reply:
    return Reply(200, f"{request.client} {request.base_url}".encode())


ORIGIN = [Route("/", origin, prefix=True)]


def asked(serve: Serve, fields: bytes, **server: Any) -> bytes:
    raw = b"GET /x HTTP/1.1\r\nHost: pay.example.com\r\nConnection: close\r\n" + fields + b"\r\n"
    (answer,) = serve(ORIGIN, server=server).say(raw)
    return answer.body


XFF = b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
RFC = b'Forwarded: for="[2001:db8::7]:4711";proto=https;host=shop.example.com:8443\r\n'


def test_nobody_is_believed_unless_it_is_configured(serve: Serve) -> None:
    assert asked(serve, XFF + RFC) == b"127.0.0.1 http://pay.example.com"


def test_a_peer_that_is_no_proxy_is_not_believed(serve: Serve) -> None:
    assert asked(serve, XFF, proxies=TrustedProxies(["10.0.0.0/8"])) == b"127.0.0.1 http://pay.example.com"


def test_a_trusted_peer_tells_the_client_and_the_scheme(serve: Serve) -> None:
    assert asked(serve, XFF, proxies=TrustedProxies(["127.0.0.0/8"])) == b"203.0.113.9 https://pay.example.com"


def test_the_other_form_is_its_clients_and_not_read(serve: Serve) -> None:
    assert asked(serve, RFC, proxies=TrustedProxies(["127.0.0.1"])) == b"127.0.0.1 http://pay.example.com"
    assert asked(serve, XFF, proxies=TrustedProxies(["127.0.0.1"], "forwarded")) == b"127.0.0.1 http://pay.example.com"


def test_forwarded_tells_the_host_too(serve: Serve) -> None:
    assert asked(serve, RFC, proxies=TrustedProxies(["127.0.0.1"], "forwarded")) == b"2001:db8::7 https://shop.example.com:8443"


TWO_FIELDS = [
    (b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9\r\n", "x-forwarded"),
    (b"X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 127.0.0.1\r\n", "x-forwarded"),
    (b"X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-Forwarded-For: 203.0.113.9, 127.0.0.1\r\n", "x-forwarded"),
    (b'Forwarded: for="1.1\r\nForwarded: for=203.0.113.9\r\n', "forwarded"),
    (b"Forwarded: for=203.0.113.9\r\nForwarded: for=127.0.0.1\r\n", "forwarded"),
]


@pytest.mark.parametrize(("fields", "form"), TWO_FIELDS)
def test_a_field_that_comes_twice_is_one_chain(serve: Serve, fields: bytes, form: Any) -> None:
    assert asked(serve, fields, proxies=TrustedProxies(["127.0.0.1"], form)).split()[0] == b"203.0.113.9"


def test_the_next_request_of_a_connection_is_another_clients(serve: Serve) -> None:
    venue = serve(ORIGIN, server={"proxies": TrustedProxies(["127.0.0.1"])})
    client = venue.connect()
    for fields, said in ((XFF, b"203.0.113.9 https://x"), (b"", b"127.0.0.1 http://x"), (XFF, b"203.0.113.9 https://x")):
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n")
        assert client.answer().body == said


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b"198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the client wrote itself stands to the left
        (b"203.0.113.9, 10.0.0.5", "203.0.113.9"),  # a second proxy of ours
        (b"203.0.113.9, 10.0.0.5, 10.0.0.6", "203.0.113.9"),
        (b"10.0.0.7, 10.0.0.5", "10.0.0.7"),  # all of it our own net
        (b"nonsense", "10.0.0.1"),
        (b"nonsense, 10.0.0.5", "10.0.0.5"),
        (b"", "10.0.0.1"),
        (b", ,", "10.0.0.1"),
        (b"203.0.113.9:55555", "203.0.113.9"),
        (b"[2001:db8::1]:443", "2001:db8::1"),
        (b"2001:DB8:0::1", "2001:db8::1"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"203.0.113.9\xff", "10.0.0.1"),
    ],
)
def test_the_nearest_address_that_is_no_proxys_is_the_clients(chain: bytes, client: str) -> None:
    assert TrustedProxies(["10.0.0.0/8"]).origin("10.0.0.1", "http", {b"x-forwarded-for": chain}).client == client


def test_a_chain_without_end_is_not_followed() -> None:
    chain = b"203.0.113.9, " + b"10.0.0.2, " * 1_000 + b"10.0.0.3"
    assert TrustedProxies(["10.0.0.0/8"]).origin("10.0.0.1", "http", {b"x-forwarded-for": chain}).client == "10.0.0.2"


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (b"for=203.0.113.9", ("203.0.113.9", "http", None)),
        (b"For=203.0.113.9;Proto=HTTPS", ("203.0.113.9", "https", None)),
        (b'for="203.0.113.9:80" ; host="a.example" , for=10.0.0.5;host=b.example', ("203.0.113.9", "http", b"b.example")),
        (b"for=unknown", ("10.0.0.1", "http", None)),
        (b"for=_hidden;proto=gopher", ("10.0.0.1", "http", None)),
        (b'for="203.0.113.9', ("10.0.0.1", "http", None)),
        (b"for", ("10.0.0.1", "http", None)),
        (b"for=203.0.113.9 proto=https", ("10.0.0.1", "http", None)),
        (b'host="a\\"b"', ("10.0.0.1", "http", b'a"b')),
        (b"for=198.51.100.1, for=203.0.113.9", ("203.0.113.9", "http", None)),
        (b"for=203.0.113.9;proto=https, for=10.0.0.5;proto=http, for=10.0.0.6", ("203.0.113.9", "http", None)),
        # What a client wrote itself stands to the left, and spoils nothing however it is written.
        (b'for="203, for=203.0.113.9;proto=https', ("203.0.113.9", "https", None)),
        (b"x y, for=203.0.113.9", ("203.0.113.9", "http", None)),
        (b'for="1.1.1.1, for=10.0.0.5', ("10.0.0.5", "http", None)),
        (b'for="a, for=1.1.1.1", for=203.0.113.9', ("203.0.113.9", "http", None)),
    ],
)
def test_forwarded(field: bytes, found: tuple[str, str, bytes | None]) -> None:
    assert TrustedProxies(["10.0.0.0/8"], "forwarded").origin("10.0.0.1", "http", {b"forwarded": field}) == found


@pytest.mark.parametrize(
    ("proto", "scheme"), [(b"https", "https"), (b"HTTPS", "https"), (b"http, https", "https"), (b"ftp", "http"), (b"", "http")]
)
def test_the_scheme_is_the_nearest_proxys_word(proto: bytes, scheme: str) -> None:
    assert TrustedProxies(["10.0.0.0/8"]).origin("10.0.0.1", "http", {b"x-forwarded-proto": proto}).scheme == scheme


def test_a_host_that_is_none_is_not_taken(serve: Serve) -> None:
    bad = b'Forwarded: for=203.0.113.9;host="a\\\\ b/"\r\n'
    assert asked(serve, bad, proxies=TrustedProxies(["127.0.0.1"], "forwarded")) == b"203.0.113.9 http://pay.example.com"


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        (b"x.example", "http://x.example"),
        (b"x.example:8080", "http://x.example:8080"),
        (b"[::1]:8700", "http://[::1]:8700"),
        (b"", ""),
        (b"x.example/evil?", ""),
        (b"a'b", ""),
        (b"x:99999999", ""),
    ],
)
def test_the_base_url_is_a_plain_host_or_nothing(host: bytes, base_url: str) -> None:
    assert Request("GET", "/", headers={b"host": host}).base_url == base_url


def test_connections_of_a_proxy_are_not_one_clients(serve: Serve) -> None:

    limits = HttpLimits(connections_per_peer=1, connections_loopback=50)
    venue = serve(ORIGIN, limits=limits, server={"proxies": TrustedProxies(["127.0.0.1"])})
    for _number in range(20):
        client = venue.connect()
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + XFF + b"\r\n")
        assert client.answer().status == 200


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        TrustedProxies(["nonsense"])
