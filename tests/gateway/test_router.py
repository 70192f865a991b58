"""Which route answers which raw path."""

import re

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.http.router import NOT_FOUND, Router


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
