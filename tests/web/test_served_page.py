"""How the page is served: at which paths, compressed as the browser takes it, kept as long as it may be, and under which policy."""

import inspect
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist.app.front_page import Api, path_errors, routes
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.service import DialectService
from cambist.dialects import btce_wex, btse, expie, mtgox, native
from cambist.gateway.app import Gateway
from cambist.gateway.health import always_ready
from cambist.gateway.http.router import NOT_FOUND
from cambist.sandbox.control.catalogue import OPERATIONS
from cambist.web.built_page import MANIFEST, BuiltPage
from tests.support.floor import TradingFloor, make_empty_files, open_markets
from tests.tidy.test_tidy import ROOT
from tests.web.conftest import SCRIPT

BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OWN_PATHS = json.loads((ROOT / "web" / "src" / "paths.json").read_text())


def served(built: BuiltPage | None) -> Gateway:
    front = routes([Api("BTC-e and WEX", ("/tapi", "/api/3"))], always_ready, play_money=True, built=built)
    return Gateway(front, path_errors=path_errors(built))


def ask(gateway: Gateway, path: str, **headers: bytes) -> Reply:
    """A GET; `accept_encoding=b"br"` is a field."""
    route, match = gateway.find("GET", path)
    fields = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    reply = gateway.call(route, Request("GET", path, headers=fields, match=match))
    assert isinstance(reply, Reply)
    return reply


def field(reply: Reply, name: str) -> str:
    return next((value.decode() for found, value in reply.headers if found == name.encode()), "")


# --- where it is ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/trade", "/trade/", "/trade/btc_usd", "/trade/@17", "/trade/%4017", "/sign-up"])
def test_every_path_of_the_page_has_its_document(path: str, built: BuiltPage) -> None:
    reply = ask(served(built), path)
    assert (reply.status, reply.content_type) == (200, b"text/html; charset=utf-8")
    assert reply.body == built.shell.variants[-1][1]


@pytest.mark.parametrize("path", ["/trades", "/trade/a/b/c/d/e", "/trade/%3Cscript%3E", "/assets/index-1a2b.css", "/assets/../index.html"])
def test_other_paths_have_nothing(path: str, built: BuiltPage) -> None:
    assert ask(served(built), path).status == 404


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (BROWSER, True),
        (b"*/*", False),  # what curl and most libraries say
        (b"application/json", False),
        (b"", False),
    ],
)
def test_at_the_root_browsers_get_the_page_and_programs_what_is_served(accept: bytes, is_page: bool, built: BuiltPage) -> None:
    reply = ask(served(built), "/", accept=accept)
    assert (b"/tapi" in reply.body) is not is_page
    assert (reply.body == built.shell.variants[-1][1]) is is_page
    if is_page:
        assert field(reply, "vary") == "accept, accept-encoding"


def test_what_is_served_is_always_at_its_own_path(built: BuiltPage) -> None:
    assert b"/tapi" in ask(served(built), "/about", accept=BROWSER).body
    assert b"is not built" not in ask(served(built), "/about").body


@pytest.fixture
async def dialects(tmp_path: Path) -> AsyncIterator[list[DialectService]]:
    make_empty_files(tmp_path)
    floor = TradingFloor(tmp_path)
    open_markets(floor.commands, floor.engine)
    services = floor.venue_services()
    yield [build(services) for build in (btce_wex.build, expie.build, mtgox.build, btse.build, native.build)]
    floor.close()


@pytest.fixture
def dialect_paths(dialects: list[DialectService]) -> Gateway:
    """Everything that the dialects answer, without the page."""
    return Gateway(
        [route for dialect in dialects for route in dialect.routes],
        sockets=[socket for dialect in dialects for socket in dialect.sockets],
        path_errors=[claim for dialect in dialects for claim in dialect.path_errors],
    )


@pytest.mark.parametrize("first", [*OWN_PATHS, "about", "assets"])
async def test_no_path_of_the_page_is_a_dialect_s(first: str, dialect_paths: Gateway) -> None:
    for path in (f"/{first}", f"/{first}/", f"/{first}/btc_usd"):
        for method in ("GET", "POST"):
            assert dialect_paths.find(method, path)[0] is NOT_FOUND, f"{method} {path} is a dialect's"
        assert dialect_paths.find_socket(path) is None, f"{path} is a dialect's socket"
    assert not [one.path for one in OPERATIONS if one.path.startswith(f"/{first}/")], "the sandbox's control API has it"


# --- at a path that nobody has --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/foo", "/trade/a/b/c/d/e", "/api/9/x", "/favicon.ico"])
@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (BROWSER, True),
        (b"text/html", True),
        (b"text/html;q=0.2, */*", True),
        (b"application/json, text/html;q=0.9", False),
        (b"application/json, text/html", False),
        (b"text/html;q=0", False),
        (b"text/html;q=nan", False),
        (b"text/plain", False),
        (b"*/*", False),
        (b"", False),
    ],
)
def test_browsers_get_the_page_that_says_so_and_programs_the_error(path: str, accept: bytes, is_page: bool, built: BuiltPage) -> None:
    reply = ask(served(built), path, accept=accept)
    assert reply.status == 404
    assert reply.body == (built.shell.variants[-1][1] if is_page else b'{"error":"not found"}')
    assert reply.content_type == (b"text/html; charset=utf-8" if is_page else b"application/json")


def test_an_unknown_path_is_never_taken_for_one_that_the_browser_has_already(built: BuiltPage) -> None:
    reply = ask(served(built), "/foo", accept=BROWSER, if_none_match=b'"e1"')
    assert (reply.status, field(reply, "etag"), field(reply, "vary")) == (404, "", "accept, accept-encoding")


def test_other_methods_are_a_program_s(built: BuiltPage) -> None:
    gateway = served(built)
    for method, path, status in (("POST", "/foo", 404), ("POST", "/trade", 405)):
        route, match = gateway.find(method, path)
        reply = gateway.call(route, Request(method, path, headers={b"accept": BROWSER}, match=match))
        assert isinstance(reply, Reply)
        assert (reply.status, reply.content_type) == (status, b"application/json")


def test_while_it_is_not_built_browsers_get_the_error_too() -> None:
    assert ask(served(None), "/foo", accept=BROWSER).body == b'{"error":"not found"}'


@pytest.mark.parametrize("path", ["/v1/foo", "/tapi/foo", "/api/3/foo", "/spot/foo", "/cambist/v1/foo", "/api/1/foo", "/mtgox/foo"])
async def test_a_dialect_words_its_own_unknown_paths_for_browsers_too(path: str, dialects: list[DialectService], built: BuiltPage) -> None:
    """The same bytes, whether there is a page for people or not."""
    replies = []
    for page in (built, None):
        claims = [claim for dialect in dialects for claim in dialect.path_errors]
        gateway = Gateway([route for dialect in dialects for route in dialect.routes], path_errors=[*claims, *path_errors(page)])
        route, match = gateway.find("GET", path)
        reply = gateway.call(route, Request("GET", path, headers={b"accept": BROWSER}, match=match))
        replies.append(await reply if inspect.isawaitable(reply) else reply)
    with_page, without = replies
    assert (with_page.status, with_page.content, with_page.content_type) == (without.status, without.content, without.content_type)
    assert with_page.content_type != b"text/html; charset=utf-8"


# --- while it is not built ------------------------------------------------------------------------------------------------------------
def test_a_page_that_is_not_built_says_what_to_run_and_keeps_nothing_else_from_working(built_folder: Path) -> None:
    assert BuiltPage.read(built_folder / "nowhere") is None
    reply = ask(served(None), "/", accept=BROWSER)
    assert reply.status == 200
    assert b"make web" in reply.body
    assert b"/tapi" in reply.body


@pytest.mark.parametrize("harm", ["manifest is cut off", "a file is missing", "another build's manifest"])
def test_half_a_page_is_none(harm: str, built_folder: Path) -> None:
    manifest = built_folder / MANIFEST
    if harm == "manifest is cut off":
        manifest.write_bytes(manifest.read_bytes()[:40])
    elif harm == "a file is missing":
        (built_folder / "assets" / "index-1a2b.js.br").unlink()
    else:
        manifest.write_bytes(b'{"version": 2}')
    assert BuiltPage.read(built_folder) is None


# --- how ------------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        (b"gzip, deflate, br, zstd", "br", b"br"),
        (b"gzip, deflate", "gzip", b"gzip"),
        (b"BR", "br", b"br"),
        (b"br;q=0, gzip;q=0.5", "gzip", b"gzip"),
        (b"br;q=0.000,gzip; q=0", "", SCRIPT),
        (b"identity", "", SCRIPT),
        (b"", "", SCRIPT),
    ],
)
def test_a_file_comes_in_the_smallest_form_that_the_browser_takes(accepted: bytes, coding: str, body: bytes, built: BuiltPage) -> None:
    reply = ask(served(built), "/assets/index-1a2b.js", accept_encoding=accepted)
    assert (field(reply, "content-encoding"), reply.body) == (coding, body)
    assert field(reply, "vary") == "accept-encoding"
    assert reply.content_type == b"text/javascript; charset=utf-8"


def test_files_are_kept_for_ever_and_the_document_is_asked_for_each_time(built: BuiltPage) -> None:
    gateway = served(built)
    assert field(ask(gateway, "/assets/index-1a2b.js"), "cache-control") == "public, max-age=31536000, immutable"
    assert field(ask(gateway, "/trade"), "cache-control") == "no-cache"
    for path, etag in (("/trade", '"e1"'), ("/assets/index-1a2b.js", '"e2"')):
        assert field(ask(gateway, path), "etag") == etag
        again = ask(gateway, path, if_none_match=etag.encode())
        assert (again.status, again.body) == (304, b"")
        assert ask(gateway, path, if_none_match=b'"other"').status == 200


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline(built: BuiltPage) -> None:
    for path in ("/trade", "/"):
        reply = ask(served(built), path, accept=BROWSER)
        policy = dict(rule.strip().split(" ", 1) for rule in field(reply, "content-security-policy").split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in field(reply, "content-security-policy")
        assert field(reply, "x-content-type-options") == "nosniff"
        assert field(reply, "referrer-policy") == "no-referrer"
    assert field(ask(served(built), "/assets/index-1a2b.js"), "x-content-type-options") == "nosniff"
