"""What a stranger may send: one row per rule, each sent whole, split at odd places and byte by byte over a real socket.

`at / HTTP/1.1` etc. are written out, because the bytes are what is tested.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cambist.gateway.app import Gateway
from cambist.gateway.http.limits import HttpLimits
from tests.gateway.conftest import ECHO, Running

LIMITS = HttpLimits(head_bytes=2_000, head_fields=20, body_bytes=1_000)
GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def services() -> Iterator[Running]:
    services = Running(Gateway([ECHO]), LIMITS)
    yield services
    services.close()


SERVED = {
    "a plain GET": (GET + b"\r\n", b"GET\n/\n\n"),
    "a query": (b"GET /a/b?c=d&e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET\n/a/b\nc=d&e\n"),
    "an empty query": (b"GET /a? HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET\n/a\n\n"),
    "a raw path, untouched": (
        b"GET //a/%2F%zz/./../b//;x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET\n//a/%2F%zz/./../b//;x\n\n",
    ),
    "a question mark in the query": (b"GET /a?b?c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET\n/a\nb?c\n"),
    "a fragment is cut off": (b"GET /a?b#c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET\n/a\nb\n"),
    "an absolute target": (b"GET http://h:81/a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET\n/a\nb\n"),
    "an absolute target without a path": (b"GET http://h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"GET\n/\n\n"),
    "an IPv6 Host": (b"GET / HTTP/1.1\r\nHost: [::1]:8700\r\nConnection: close\r\n\r\n", b"GET\n/\n\n"),
    "an empty Host": (b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", b"GET\n/\n\n"),
    "HTTP/1.0 without Host": (b"GET / HTTP/1.0\r\n\r\n", b"GET\n/\n\n"),
    "HTTP/1.0 with a body": (b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", b"POST\n/\n\nabc"),
    "empty lines before the request": (b"\r\n\r\n" + GET + b"\r\n", b"GET\n/\n\n"),
    "a body": (POST + b"Content-Length: 7\r\n\r\na=b&c=d", b"POST\n/\n\na=b&c=d\n"),
    "a body that is empty": (POST + b"Content-Length: 0\r\n\r\n", b"POST\n/\n\n\n"),
    "no body at all": (POST + b"\r\n", b"POST\n/\n\n\n"),
    "100-continue without a body": (GET + b"Expect: 100-continue\r\n\r\n", b"GET\n/\n\n\n"),
    "a body on GET": (GET + b"Content-Length: 3\r\n\r\nabc", b"GET\n/\n\nabc\n"),
    "a body of exactly the cap": (POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000, b"POST\n/\n\n" + b"x" * 1000),
    "bytes of every kind in the body": (POST + b"Content-Length: 256\r\n\r\n" + bytes(range(256)), b"POST\n/\n\n" + bytes(range(256))),
    "chunks": (CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"POST\n/\n\nabcde\n"),
    "chunks of exactly the cap": (
        CHUNKED + b"1F4\r\n" + b"x" * 500 + b"\r\n1f4\r\n" + b"y" * 500 + b"\r\n0\r\n\r\n",
        b"POST\n/\n\n" + b"x" * 500,
    ),
    "chunks with extensions": (CHUNKED + b'3;a=b;c="d"\r\nabc\r\n0;x\r\n\r\n', b"POST\n/\n\nabc\n"),
    "chunks without a body": (CHUNKED + b"0\r\n\r\n", b"POST\n/\n\n\n"),
    "Chunked in other letters": (POST + b"Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"POST\n/\n\na\n"),
    "bytes above ASCII in a value": (GET + b"X: \xc3\xa9\xff\r\n\r\n", b"GET\n/\n\n\nhost=x\nconnection=close\nx=\xc3\xa9\xff"),
    "a tab in a value": (GET + b"X: a\tb\r\n\r\n", b"GET\n/\n\n\nhost=x\nconnection=close\nx=a\tb"),
    "an empty value": (GET + b"X:\r\n\r\n", b"GET\n/\n\n\nhost=x\nconnection=close\nx="),
    "names in any letters": (GET + b"KEY: a\r\nsIGN: b\r\n\r\n", b"GET\n/\n\n\nhost=x\nconnection=close\nkey=a\nsign=b"),
    "a repeated field is joined": (GET + b"Key: a\r\nkey: b\r\nKEY: c\r\n\r\n", b"GET\n/\n\n\nhost=x\nconnection=close\nkey=a, b, c"),
    "repeated cookies are joined": (GET + b"Cookie: a=1\r\nCookie: b=2\r\n\r\n", b"GET\n/\n\n\nhost=x\nconnection=close\ncookie=a=1; b=2"),
    "an upgrade that nobody offers": (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close, upgrade\r\nUpgrade: h2c\r\n\r\n", b"GET\n/\n\n"),
    "an upgrade with a body that looks like a request": (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 30\r\n\r\n"
        b"GET /two HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST\n/\n\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n\n",
    ),
    "an upgrade with a body": (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
        b"POST\n/\n\nabc\n",
    ),
    "as many fields as are allowed": (GET + b"".join(b"x%d: y\r\n" % n for n in range(18)) + b"\r\n", b"GET\n/\n\n"),
    "what follows Connection: close is not looked at": (GET + b"\r\n" + b"GET /two HTTP/1.1\r\nHost: x\r\n\r\n", b"GET\n/\n\n"),
}

REFUSED = {
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    "two Hosts on HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "a list of Hosts": (b"GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400),
    "a Host with a space": (b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400),
    "a Host with a path": (b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400),
    "an endless Host": (b"GET / HTTP/1.1\r\nHost: " + b"x" * 300 + b"\r\n\r\n", 400),
    "a Host with a user": (b"GET / HTTP/1.1\r\nHost: me@x\r\n\r\n", 400),
    "Content-Length and Transfer-Encoding": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "Transfer-Encoding and Content-Length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "two equal Content-Lengths": (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "two different Content-Lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a list of Content-Lengths": (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "a signed Content-Length": (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    "a negative Content-Length": (POST + b"Content-Length: -3\r\n\r\nabc", 400),
    "a hexadecimal Content-Length": (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
    "a Content-Length with an underscore": (POST + b"Content-Length: 1_0\r\n\r\nabcabcabca", 400),
    "a Content-Length in other digits": (POST + b"Content-Length: \xd9\xa3\r\n\r\nabc", 400),
    "an empty Content-Length": (POST + b"Content-Length:\r\n\r\n", 400),
    "a Content-Length beyond 64 bits": (POST + b"Content-Length: 18446744073709551617\r\n\r\na", 400),
    "a body above the cap": (POST + b"Content-Length: 1001\r\n\r\n", 413),
    "a body far above the cap, sent": (POST + b"Content-Length: 50000\r\n\r\n" + b"x" * 50_000, 413),
    "chunks above the cap": (CHUNKED + b"1F4\r\n" + b"x" * 500 + b"\r\n1F5\r\n" + b"x" * 501 + b"\r\n0\r\n\r\n", 413),
    "an endless row of chunks": (CHUNKED + b"1\r\nx\r\n" * 2_000, 413),
    "a chunk size that is no number": (CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size with 0x": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "a negative chunk size": (CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400),
    "no chunk size": (CHUNKED + b"\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size behind a space": (CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size before a space": (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", 400),
    "a chunk size beyond 64 bits": (CHUNKED + b"10000000000000003\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk longer than it says": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    "a bare LF after a chunk size": (CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400),
    "a bare LF after a chunk": (CHUNKED + b"3\r\nabc\n0\r\n\r\n", 400),
    "a bare LF in a chunk extension": (CHUNKED + b"3;a\nabc\r\n0\r\n\r\n", 400),
    "a bare LF after the last chunk": (CHUNKED + b"3\r\nabc\r\n0\n\n", 400),
    "a bare LF at the end of the chunks": (CHUNKED + b"3\r\nabc\r\n0\r\n\n", 400),
    "a NUL in a chunk extension": (CHUNKED + b"3;a\x00b\r\nabc\r\n0\r\n\r\n", 400),
    "endless chunk extensions": (CHUNKED + b"3;" + b"a" * 5_000, 431),
    "an endless trailer field": (CHUNKED + b"3\r\nabc\r\n0\r\nX: " + b"a" * 5_000, 431),
    "a Content-Length among the trailers": (CHUNKED + b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n", 400),
    "one trailer field too many": (CHUNKED + b"3\r\nabc\r\n0\r\n" + b"x: y\r\n" * 21 + b"\r\n", 431),
    "a Host twice among the trailers": (CHUNKED + b"3\r\nabc\r\n0\r\nHost: x\r\nhost: x\r\n\r\n", 400),
    "a trailer with a bare LF": (CHUNKED + b"3\r\nabc\r\n0\r\nX: y\n\r\n", 400),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in two fields": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked on HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "an upgrade with chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "gzip under chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "gzip alone": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "an unknown encoding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 501),
    "an empty encoding": (POST + b"Transfer-Encoding:\r\n\r\n", 400),
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    "a bare LF after the request line": (b"GET / HTTP/1.1\nHost: x\r\n\r\n", 400),
    "a bare LF after a field": (b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", 400),
    "a bare LF at the end": (b"GET / HTTP/1.1\r\nHost: x\r\n\n", 400),
    "a bare CR in a value": (GET + b"X: a\rb\r\n\r\n", 400),
    "a CR too many": (GET + b"X: a\r\r\n\r\n", 400),
    "a folded field": (GET + b"X: a\r\n b\r\n\r\n", 400),
    "a field folded by a tab": (GET + b"X: a\r\n\tb\r\n\r\n", 400),
    "an empty field folded": (GET + b"X:\r\n b\r\n\r\n", 400),
    "a space before the first field": (b"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    "a space before the colon": (GET + b"X : a\r\n\r\n", 400),
    "no name": (GET + b": a\r\n\r\n", 400),
    "no colon": (GET + b"Xa\r\n\r\n", 400),
    "a NUL in a value": (GET + b"X: a\x00b\r\n\r\n", 400),
    "a control character in a value": (GET + b"X: a\x07b\r\n\r\n", 400),
    "a DEL in a value": (GET + b"X: a\x7fb\r\n\r\n", 400),
    "a vertical tab in a value": (GET + b"X: a\x0bb\r\n\r\n", 400),
    "a NUL in a name": (GET + b"X\x00y: a\r\n\r\n", 400),
    "a letter above ASCII in a name": (GET + b"X\xe9: a\r\n\r\n", 400),
    "a bracket in a name": (GET + b"X(y): a\r\n\r\n", 400),
    "a method that does not exist": (b"FETCH / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a method in small letters": (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a method of another protocol": (b"DESCRIBE / RTSP/1.0\r\nHost: x\r\n\r\n", 501),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    "CONNECT": (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    "no version": (b"GET /\r\n\r\n", 505),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 400),
    "HTTP/11": (b"GET / HTTP/11\r\nHost: x\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, 400),
    "a tab in the request line": (b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a space after the version": (b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
    "a relative target": (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a NUL in the target": (b"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a letter above ASCII in the target": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a space in the target": (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "an expectation that nobody knows": (POST + b"Expect: cookies\r\nContent-Length: 3\r\n\r\n", 417),
    "an expectation without a body": (GET + b"Expect: cookies\r\n\r\n", 417),
    "two expectations": (POST + b"Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 400),
    "an endless request line": (b"GET /" + b"a" * 5_000, 431),
    "a request line above the cap": (b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    "an endless value": (GET + b"X: " + b"a" * 5_000, 431),
    "an endless name": (GET + b"X" * 5_000, 431),
    "an endless row of spaces": (GET + b"X:" + b" " * 5_000, 431),
    "an endless row of fields": (GET + b"x: y\r\n" * 1_000, 431),
    "fields that are together above the cap": (GET + b"".join(b"x%d: %b\r\n" % (n, b"y" * 200) for n in range(10)) + b"\r\n", 431),
    "one field too many": (GET + b"".join(b"x%d: y\r\n" % n for n in range(19)) + b"\r\n", 431),
    "one repeated field too many": (GET + b"x: y\r\n" * 19 + b"\r\n", 431),
}


@pytest.mark.parametrize("pieces", [0, 7, 1])
@pytest.mark.parametrize("row", SERVED)
def test_it_is_served(services: Running, row: str, pieces: int) -> None:
    raw, seen = SERVED[row]
    (answer,) = services.say(raw, pieces=pieces)
    assert answer.status == 200
    assert answer.body.startswith(seen)


@pytest.mark.parametrize("pieces", [0, 7, 1])
@pytest.mark.parametrize("row", REFUSED)
def test_it_is_refused_and_the_connection_closed(services: Running, row: str, pieces: int) -> None:
    raw, status = REFUSED[row]
    (answer,) = services.say(raw, pieces=pieces)
    assert answer.status == status
    assert answer.headers[b"connection"] == b"close"
    assert answer.headers[b"content-type"] == b"application/json"
    assert answer.body.startswith(b'{"error":"')


@pytest.mark.parametrize("row", REFUSED)
def test_a_rejection_comes_after_the_replies_to_the_requests_before_it(services: Running, row: str) -> None:
    raw, status = REFUSED[row]
    before = b"GET /one HTTP/1.1\r\nHost: x\r\n\r\nPOST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    first, second, rejection = services.say(before + raw)
    assert (first.status, second.status, rejection.status) == (200, 200, status)
    assert second.body.startswith(b"POST\n/two\n\nabc\n")


def test_a_refused_request_reaches_no_handler(services: Running) -> None:
    counts = services.gateway.counts(ECHO)
    before = sum(counts.statuses)
    for raw, _status in REFUSED.values():
        services.say(raw)
    assert sum(counts.statuses) == before


def test_trailers_do_not_become_headers(services: Running) -> None:
    (answer,) = services.say(CHUNKED + b"3\r\nabc\r\n0\r\nKey: mine\r\nHost: y\r\n\r\n")
    assert b"key=" not in answer.body
    assert b"host=x" in answer.body
