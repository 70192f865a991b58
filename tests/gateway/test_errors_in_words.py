"""A dialect words the gateway's own errors below its paths, whatever finds them."""

from __future__ import annotations

import structlog

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.exchange import OutcomeUnknown
from tests.gateway.conftest import Serve


def fails(_request: Request) -> Reply:
    raise RuntimeError


def words(request: Request, status: int) -> Reply:
    return Reply(200, b'{"success":0,"error":"%d %b %d"}' % (status, request.path.encode(), len(request.body)))


async def never_says(_request: Request) -> Reply:
    raise OutcomeUnknown


ROUTES = [Route("/tapi", fails, ("POST",)), Route("/tapi/order", never_says), Route("/order", never_says), Route("/plain", fails)]
CLAIM = PathErrors("/tapi", words, dialect="btce")


def test_unknown_path_wrong_method_failure_and_a_body_too_large(serve: Serve) -> None:
    venue = serve(ROUTES, path_errors=[CLAIM])
    big = b"Content-Length: 999999\r\n\r\n"
    for raw, said in (
        (b"GET /tapi/nope HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404 /tapi/nope 0"),
        (b"PUT /tapi HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"405 /tapi 0"),
        (b"POST /tapi HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", b"500 /tapi 2"),
        (b"POST /tapi HTTP/1.1\r\nHost: x\r\n" + big, b"413 /tapi 0"),
    ):
        (answer,) = venue.say(raw)
        assert (answer.status, answer.body) == (200, b'{"success":0,"error":"%b"}' % said)
        assert answer.headers[b"connection"] == b"close"


def test_a_chunked_body_that_grows_too_large(serve: Serve) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    (answer,) = serve(ROUTES, path_errors=[CLAIM]).say(b"POST /tapi HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 9)
    assert answer.body == b'{"success":0,"error":"413 /tapi 0"}'


def test_paths_that_nobody_claims_keep_the_gateways_words(serve: Serve) -> None:
    (answer,) = serve(ROUTES, path_errors=[CLAIM]).say(b"GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (answer.status, answer.body) == (500, b'{"error":"internal error"}')


def test_a_command_whose_outcome_nobody_knows_is_no_failure_of_the_handler(serve: Serve) -> None:
    venue = serve(ROUTES, path_errors=[CLAIM])
    with structlog.testing.capture_logs() as logs:
        (worded,) = venue.say(b"GET /tapi/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        (plain,) = venue.say(b"GET /order HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert worded.body == b'{"success":0,"error":"504 /tapi/order 0"}'
    assert (plain.status, plain.body) == (504, b'{"error":"it is not known whether this was done: look before you repeat it"}')
    assert not [line for line in logs if line["event"] == "handler failed"]


def test_words_that_fail_make_the_plain_error(serve: Serve) -> None:
    def broken(_request: Request, _status: int) -> Reply:
        raise RuntimeError

    (answer,) = serve(ROUTES, path_errors=[PathErrors("/tapi", broken)]).say(
        b"POST /tapi HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    assert (answer.status, answer.body) == (500, b'{"error":"internal error"}')


def test_a_route_narrowed_to_a_host_answers_there_only(serve: Serve) -> None:
    venue = serve(
        [
            Route("/ws", lambda _request: Reply(200, b"everywhere")),
            Route("/ws", lambda _request: Reply(200, b"own"), host="api.gate.example"),
            Route("/ws", lambda _request: Reply(200, b"listener"), listener="second"),
        ],
        server={"listener": "second"},
    )
    for host, said in ((b"api.gate.example:8700", b"own"), (b"API.GATE.EXAMPLE", b"own"), (b"x", b"listener")):
        (answer,) = venue.say(b"GET /ws HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host)
        assert answer.body == said
