"""Which route answers which raw path."""

import re

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.sockets import SocketRoute
from cambist.gateway.http.router import NOT_FOUND, Router
from cambist.gateway.places import host_name
from cambist.gateway.ws.router import SocketRouter


def named(name: str, path: str, methods: tuple[str, ...] = ("GET",), *, prefix: bool = False, pattern: str = "") -> Route:
    return Route(path, lambda _request: Reply(), methods, prefix=prefix, pattern=re.compile(pattern) if pattern else None, name=name)


ROUTES = [
    named("tapi", "/tapi", ("POST",)),
    named("tapi-slash", "/tapi/", ("POST",)),
    named("v3", "/api/3/", ("GET", "POST"), prefix=True),
    named("v3-ticker", "/api/3/ticker/", prefix=True),
    named("v2-pair", "/api/2/", prefix=True, pattern=r"/api/2/[a-z]+_[a-z]+/ticker/?"),
    named("v2-money", "/api/2/", ("POST",), prefix=True, pattern=r"/api/2/[A-Z]{6}/money/.*"),
    named("order-get", "/v3.2/order"),
    named("order-post", "/v3.2/order", ("POST", "DELETE")),
]


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("POST", "/tapi", "tapi"),
        ("POST", "/tapi/", "tapi-slash"),
        ("POST", "/tapi//", "(unknown)"),
        ("POST", "//tapi", "(unknown)"),
        ("POST", "/TAPI", "(unknown)"),
        ("POST", "/tap%69", "(unknown)"),
        ("GET", "/tapi", "(method)"),
        ("GET", "/api/3/info", "v3"),
        ("POST", "/api/3/info", "v3"),
        ("GET", "/api/3/", "v3"),
        ("GET", "/api/3", "(unknown)"),
        ("GET", "/api/3/ticker/btc_usd-ltc_usd", "v3-ticker"),
        ("POST", "/api/3/ticker/btc_usd", "(method)"),
        ("HEAD", "/api/3/ticker/btc_usd", "v3-ticker"),
        ("GET", "/api/2/btc_usd/ticker", "v2-pair"),
        ("GET", "/api/2/btc_usd/ticker/", "v2-pair"),
        ("GET", "/api/2/btc_usd/tickers", "(unknown)"),
        ("POST", "/api/2/BTCUSD/money/info", "v2-money"),
        ("GET", "/api/2/BTCUSD/money/info", "(method)"),
        ("HEAD", "/v3.2/order", "order-get"),
        ("DELETE", "/v3.2/order", "order-post"),
        ("PUT", "/v3.2/order", "(method)"),
        ("GET", "", "(unknown)"),
        ("OPTIONS", "*", "(unknown)"),
    ],
)
def test_a_path_finds_its_route(method: str, path: str, found: str) -> None:
    route, _match = Router(ROUTES).find(method, path)
    assert route.name == found


def test_the_pattern_s_match_comes_with_the_route() -> None:
    routes = [named("pair", "/api/2/", prefix=True, pattern=r"/api/2/(?P<pair>\w+)/ticker")]
    _route, match = Router(routes).find("GET", "/api/2/btc_usd/ticker")
    assert match is not None
    assert match["pair"] == "btc_usd"


def test_a_longer_prefix_whose_pattern_fails_leaves_the_path_to_a_shorter_one() -> None:
    routes = [named("all", "/a/", prefix=True), named("digits", "/a/b/", prefix=True, pattern=r"/a/b/\d+")]
    assert Router(routes).find("GET", "/a/b/7")[0].name == "digits"
    assert Router(routes).find("GET", "/a/b/x")[0].name == "all"


def test_the_catch_all_of_a_prefix_comes_after_its_patterns_whatever_the_order() -> None:
    routes = [named("all", "/a/", prefix=True), named("digits", "/a/", prefix=True, pattern=r"/a/\d+")]
    assert Router(routes).find("GET", "/a/7")[0].name == "digits"
    assert Router(routes).find("GET", "/a/x")[0].name == "all"


def test_a_wrong_method_is_told_the_right_ones() -> None:
    route, _match = Router(ROUTES).find("PUT", "/v3.2/order")
    reply = route.handler(Request("PUT", "/v3.2/order"))
    assert isinstance(reply, Reply)
    assert (reply.status, dict(reply.headers)[b"allow"]) == (405, b"DELETE, GET, HEAD, POST")


def test_an_unknown_path_gets_json() -> None:
    reply = NOT_FOUND.handler(Request("GET", "/nope"))
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (404, b'{"error":"not found"}')


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ([named("a", "/x"), named("b", "/x")], "two routes"),
        ([named("a", "/x", prefix=True), named("b", "/x", ("POST", "GET"), prefix=True)], "two routes"),
    ],
)
def test_two_claims_on_one_path_are_refused(routes: list[Route], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Router(routes)


@pytest.mark.parametrize(
    "wrong", [{"path": "x"}, {"path": "/x", "pattern": "/x.*"}, {"path": "/x", "methods": ("get",)}, {"path": "/x", "methods": ()}]
)
def test_a_route_that_could_never_match_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"path|pattern|methods"):
        named("bad", **wrong)  # type: ignore[arg-type]


# --- routes that count in one place only ---------------------------------------------------------------------------------------

PLACED = [
    Route("/ws", lambda _request: Reply(), name="everywhere"),
    Route("/ws", lambda _request: Reply(), name="host", host="api.gate.example"),
    Route("/ws", lambda _request: Reply(), name="listener", listener="second"),
    Route("/ws", lambda _request: Reply(), name="both", host="api.gate.example", listener="second"),
    Route("/only", lambda _request: Reply(), name="only here", host="api.gate.example"),
    Route("/", lambda _request: Reply(), name="all of it", prefix=True, host="whole.example"),
]


@pytest.mark.parametrize(
    ("path", "host", "listener", "found"),
    [
        ("/ws", "", "", "everywhere"),
        ("/ws", "other.example", "first", "everywhere"),
        ("/ws", "api.gate.example", "first", "host"),
        ("/ws", "other.example", "second", "listener"),
        ("/ws", "api.gate.example", "second", "both"),
        ("/only", "api.gate.example", "second", "only here"),
        ("/only", "other.example", "", "(unknown)"),
        ("/ws", "whole.example", "second", "all of it"),
        ("/anything", "whole.example", "", "all of it"),
    ],
)
def test_the_narrowest_place_goes_first(path: str, host: str, listener: str, found: str) -> None:
    assert Router(PLACED).find("GET", path, host, listener)[0].name == found


def test_a_conflict_is_one_within_a_place_only() -> None:
    with pytest.raises(ValueError, match="two routes"):
        Router([*PLACED, Route("/ws", lambda _request: Reply(), host="api.gate.example")])


def test_sockets_of_one_path_are_told_apart_by_their_place() -> None:
    def accept(_request: Request, _socket: object) -> Reply:
        return Reply()

    here, there = SocketRoute("/ws", accept, name="here"), SocketRoute("/ws", accept, name="there", host="api.gate.example")
    router = SocketRouter([here, there])
    assert router.find("/ws", "x.example") == (here, None)
    assert router.find("/ws", "api.gate.example") == (there, None)
    with pytest.raises(ValueError, match="two sockets"):
        SocketRouter([here, there, SocketRoute("/ws", accept, host="api.gate.example")])


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b"api.gate.example", "api.gate.example"),
        (b"API.Gate.example:8443", "api.gate.example"),
        (b"api.gate.example.", "api.gate.example"),
        (b"[::1]:80", "[::1]"),
        (b"[::1]", "[::1]"),
        (b"", ""),
    ],
)
def test_a_host_field_names_a_host(field: bytes, name: str) -> None:
    assert host_name(field) == name


# --- errors in a dialect's words -----------------------------------------------------------------------------------------------


def worded(prefix: str, words: str = "", host: str = "") -> PathErrors:
    return PathErrors(prefix, lambda request, status: Reply(200, f"{words or prefix} {status} {request.path}".encode()), host=host)


MINE = PathErrors("/api/5", worded("/api/5/mine").reply, pattern=re.compile(r"/api/5/mine(?:/.*)?"))
CLAIMS = [worded("/tapi"), worded("/api/3"), worded("/api"), worded("/", "narrow", "own.example"), MINE]


@pytest.mark.parametrize(
    ("method", "path", "host", "said"),
    [
        ("PUT", "/tapi", "", b"/tapi 405 /tapi"),
        ("POST", "/tapi//", "", b"/tapi 404 /tapi//"),
        ("POST", "/tapix", "", b'{"error":"not found"}'),
        ("GET", "/api/3", "", b"/api/3 404 /api/3"),
        ("DELETE", "/api/3/info", "", b"/api/3 405 /api/3/info"),
        ("GET", "/api/4/info", "", b"/api 404 /api/4/info"),
        ("GET", "//api///3//nothing", "", b"/api/3 404 //api///3//nothing"),
        ("GET", "/api/5/mine/x", "", b"/api/5/mine 404 /api/5/mine/x"),
        ("GET", "/api/5/yours", "", b"/api 404 /api/5/yours"),
        ("GET", "/nowhere", "own.example", b"narrow 404 /nowhere"),
        ("GET", "/nowhere", "", b'{"error":"not found"}'),
    ],
)
def test_errors_below_a_prefix_are_its_dialects(method: str, path: str, host: str, said: bytes) -> None:
    route, _match = Router(ROUTES, CLAIMS).find(method, path, host)
    reply = route.handler(Request(method, path))
    assert isinstance(reply, Reply)
    assert reply.body == said


def test_two_dialects_cannot_word_the_same_errors() -> None:
    with pytest.raises(ValueError, match="/tapi"):
        Router(ROUTES, [*CLAIMS, worded("/tapi")])


def test_a_path_of_many_slashes_is_looked_up_in_no_time() -> None:
    """As many looks as there are prefixes, not as there are slashes."""
    looks = []

    class Path(str):
        def __getitem__(self, key: object) -> str:
            looks.append(key)
            return super().__getitem__(key)  # type: ignore[index]

    assert Router(ROUTES, CLAIMS).errors(Path("/x" * 8_000)) is None
    assert len(looks) < 20
