"""What a client was told, read back from the replies and the messages that it got."""

import json
from typing import Any

import pytest

from cambist.dialect_kit.reply_reading import Answer, RejectionCode
from tests.dialects.expie.floor import BUY, SELL, Floor, Trader
from tests.support.json_texts import as_json


def reader(floor: Floor) -> Any:
    found = floor.service.reply_reader
    assert found is not None
    return found


async def sent(floor: Floor, method: str, path: str, token: str, **fields: Any) -> Answer:
    body = json.dumps(fields).encode() if fields else b""
    answer = await floor.http(method, f"/v1/{path}", body, token)
    return Answer(path, b"", body, answer.status, answer.body)


@pytest.mark.parametrize(
    ("method", "path", "fields", "code"),
    [
        ("POST", "markets/BCCBTC/orders", {"side": BUY, "amount": "x", "price": "0.1"}, RejectionCode.INVALID_FIELD),
        ("POST", "markets/BCCBTC/orders", {"side": BUY, "amount": "0.00000001", "price": "0.1"}, RejectionCode.BELOW_MINIMUM),
        ("POST", "markets/BCCBTC/orders", {"side": SELL, "amount": "5000", "price": "0.1"}, RejectionCode.INSUFFICIENT_FUNDS),
        ("POST", "markets/BCCBTC/orders/99/_cancel", {}, RejectionCode.ORDER_UNKNOWN),
        ("GET", "nothing", {}, RejectionCode.METHOD_UNKNOWN),
    ],
)
async def test_a_no_has_one_code_however_it_is_worded(
    floor: Floor, alice: Trader, method: str, path: str, fields: dict[str, Any], code: RejectionCode
) -> None:
    rejection = reader(floor).rejection(await sent(floor, method, path, alice.token, **fields))
    assert rejection is not None
    assert rejection.code is code


async def test_tokens_and_scopes(floor: Floor, alice: Trader) -> None:
    assert reader(floor).rejection(await sent(floor, "GET", "balance/summary", "x")).code is RejectionCode.AUTHENTICATION
    weak = floor.keyed(alice.user, scopes=frozenset({"read"}))
    answer = await sent(floor, "POST", "markets/BCCBTC/orders", weak.token, side=BUY, amount="1", price="0.1")
    assert reader(floor).rejection(answer).code is RejectionCode.PERMISSION


async def test_balances_over_http_and_on_the_socket(floor: Floor, alice: Trader) -> None:
    await floor.limit(alice, "BCCBTC", BUY, "2", "0.25")
    stated = {each.asset: each for each in reader(floor).balances(await sent(floor, "GET", "balance/summary", alice.token))}
    assert (stated["BTC"].available, stated["BTC"].total, stated["BTC"].digits) == ("99.5", "100", 8)
    client = await floor.socket(alice)
    reply = await client.request("asset.query", ["BTC"])
    (asked,) = reader(floor).balances(Answer("", b"", b"", 200, as_json(reply)))
    assert (asked.asset, asked.available, asked.total) == ("BTC", "99.5", None)
    await client.follow("asset.subscribe", "BTC")
    await floor.limit(alice, "BCCBTC", BUY, "2", "0.25")
    method, params = await client.push()
    (pushed,) = reader(floor).balances(Answer("", b"", b"", 200, as_json({"method": method, "params": params, "id": None})))
    assert (pushed.asset, pushed.available) == ("BTC", "99")


async def test_orders_are_called_as_the_api_calls_them(floor: Floor, alice: Trader) -> None:
    placed = await floor.limit(alice, "BCCBTC", BUY, "2", "0.25")
    assert reader(floor).order_text(placed["id"]) == str(placed["id"])
    assert reader(floor).order_number(str(placed["id"])) == placed["id"]
    assert reader(floor).order_number("-1") is None


@pytest.mark.parametrize("reply", [b"", b"<html>", b'[{"coin_code":"B', b"[]", b"{}"])
async def test_what_is_no_reply_of_this_api_says_nothing(floor: Floor, reply: bytes) -> None:
    garbled = Answer("/v1/balance/summary", b"", b"", 502, reply)
    assert reader(floor).rejection(garbled) is None
    assert list(reader(floor).balances(garbled)) == []
