"""Texts that mean harm, in every field that keeps one: they come back as they were sent, as JSON, and nothing else."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.dialects.native.floor import BASE, Browser, Floor

CORPUS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}",
    "'; DROP TABLE users; --",
    "\u202egnp.exe",
    "\u2028</script>",
    '=HYPERLINK("http://x.example")',
)
URL = "https://s.example/"


async def passkey_name(browser: Browser, floor: Floor, text: str) -> tuple[str, str]:
    floor.directory.passkeys.add(floor.directory.users()[0], "x", "cambist.example", b"c", b"k", 0, synced=False)
    await browser.call("PATCH", "/account/passkeys/1", {"name": text})
    return "/account/passkeys", "name"


async def merchant_description(browser: Browser, _floor: Floor, text: str) -> tuple[str, str]:
    said = {"asset": "BTC", "amount": "1", "description": text, "success_url": URL, "failure_url": URL}
    made = await browser.call("POST", "/merchant/orders", said)
    return f"/merchant/orders/{made['id']}", "description"


async def merchant_data(browser: Browser, _floor: Floor, text: str) -> tuple[str, str]:
    said = {"asset": "BTC", "amount": "1", "description": "x", "success_url": URL, "failure_url": URL, "data": text}
    made = await browser.call("POST", "/merchant/orders", said)
    return f"/merchant/orders/{made['id']}", "data"


FIELDS: tuple[Callable[[Browser, Floor, str], Awaitable[tuple[str, str]]], ...] = (passkey_name, merchant_description, merchant_data)


def found(value: Any, name: str) -> list[str]:
    """Every text of that name, however deep."""
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in ([each] if key == name else found(each, name))]
    return [text for each in value for text in found(each, name)] if isinstance(value, list) else []


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.__name__)
@pytest.mark.parametrize("text", CORPUS)
async def test_it_comes_back_as_it_was_sent_and_as_json(
    floor: Floor, field: Callable[[Browser, Floor, str], Awaitable[tuple[str, str]]], text: str
) -> None:
    floor.user("alice", BTC="10")
    browser = Browser(floor)
    await browser.log_in("alice")
    path, name = await field(browser, floor, text)
    reply = await browser.reply("GET", path)
    assert reply.content_type == b"application/json"
    assert text in found(json.loads(reply.content), name)


@pytest.mark.parametrize("text", CORPUS)
async def test_what_has_a_form_takes_none_of_it(floor: Floor, text: str) -> None:
    floor.user("alice", BTC="10")
    browser = Browser(floor)
    await browser.log_in("alice")
    before = floor.state()
    order = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}
    for method, path, said in (
        ("POST", "/users", {"name": text, "password": "correct horse"}),
        ("POST", "/coupons", {"asset": "BTC", "amount": "1", "code": text}),
        ("POST", "/transfers", {"asset": "BTC", "amount": "1", "receiver": text}),
        ("POST", "/keys", {"api": text}),
        ("POST", "/keys", {"api": "native", "scopes": [text]}),
        ("POST", "/keys", {"api": "native", "addresses": [text]}),
        ("POST", "/withdrawals", {"asset": "BTC", "amount": "1", "address": text}),
        ("POST", "/orders", {**order, "client_order_id": text + " x"}),
        ("POST", "/merchant/orders", {"asset": "BTC", "amount": "1", "description": "x", "success_url": text, "failure_url": URL}),
    ):
        reply = await browser.reply(method, path, said)
        assert 400 <= reply.status < 500, (path, said)
        assert reply.content_type == b"application/problem+json"
    assert floor.state() == before


@pytest.mark.parametrize("text", CORPUS)
async def test_a_name_in_a_path_or_a_query_is_not_shown_as_a_page(floor: Floor, text: str) -> None:
    for path, query in ((f"/markets/{quote(text, safe='')}", b""), ("/tickers", quote(text, safe="").encode() + b"=1")):
        reply = await floor.send("GET", BASE + path, query=query)
        assert 400 <= reply.status < 500
        assert reply.content_type == b"application/problem+json"
