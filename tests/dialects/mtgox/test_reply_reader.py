"""What a client was told, read back from the replies and the messages that it got."""

from typing import Any

import pytest

from cambist.dialect_kit.reply_reading import Answer, RejectionCode
from tests.dialects.mtgox.floor import Floor, Trader
from tests.dialects.mtgox.listener import Open
from tests.support.json_texts import as_json


def reader(floor: Floor) -> Any:
    found = floor.service.reply_reader
    assert found is not None
    return found


async def sent(floor: Floor, alice: Trader, path: str, body: bytes, **headers: bytes) -> Answer:
    named = alice.headers(body) | {name.replace("_", "-").encode(): value for name, value in headers.items()}
    reply = await floor.send("POST", path, body, named)
    return Answer(path, b"", body, reply.status, reply.content)


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("BTCUSD/private/order/add", {"type": "bid", "amount_int": "0", "price_int": "100"}, RejectionCode.INVALID_FIELD),
        ("BTCUSD/private/order/add", {"type": "bid", "amount_int": "10", "price_int": "10000000"}, RejectionCode.BELOW_MINIMUM),
        ("BTCUSD/private/order/add", {"type": "bid", "amount_int": "100000000", "price_int": "100"}, RejectionCode.BELOW_MINIMUM),
        ("generic/private/order/cancel", {"oid": "17"}, RejectionCode.ORDER_UNKNOWN),
        ("generic/private/nothing", {}, RejectionCode.METHOD_UNKNOWN),
    ],
)
async def test_a_no_has_one_code_however_it_is_worded(
    floor: Floor, alice: Trader, path: str, fields: dict[str, str], code: RejectionCode
) -> None:
    rejection = reader(floor).rejection(await sent(floor, alice, f"/api/1/{path}", alice.form(**fields)))
    assert rejection is not None
    assert rejection.code is code


async def test_nonces_and_keys(floor: Floor, alice: Trader) -> None:
    path, body = "/api/1/generic/private/info", alice.form()
    await sent(floor, alice, path, body)
    assert reader(floor).rejection(await sent(floor, alice, path, body)).code is RejectionCode.NONCE
    assert reader(floor).rejection(await sent(floor, alice, path, body, rest_sign=b"AAAA")).code is RejectionCode.AUTHENTICATION
    assert reader(floor).rejection(await sent(floor, alice, path, body, rest_key=b"x")).code is RejectionCode.AUTHENTICATION


@pytest.mark.parametrize("member", ["return", "data"])
async def test_wallets_hold_what_is_there_and_what_can_be_spent(floor: Floor, alice: Trader, member: str) -> None:
    """As version 1 and version 2 wrap them."""
    await floor.order(alice, "bid", "100", "2")
    info = await floor.returned(alice, "generic/private/info")
    answer = Answer("", b"", b"", 200, as_json({"result": "success", member: info}))
    stated = {each.asset: each for each in reader(floor).balances(answer)}
    assert (stated["USD"].available, stated["USD"].total, stated["USD"].digits) == ("99800", "100000", 5)
    assert stated["BTC"].digits == 8


async def test_version_0_says_everything_that_is_there(floor: Floor, alice: Trader) -> None:
    answer = await sent(floor, alice, "/api/0/getFunds.php", alice.form())
    assert [(each.asset, each.available, each.total) for each in reader(floor).balances(answer)] == [
        ("USD", None, "100000"),
        ("BTC", None, "100"),
    ]


async def test_a_wallet_message_says_what_is_there(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    key = await floor.returned(alice, "generic/private/idkey")
    client = await listen()
    await client.send(op="mtgox.subscribe", key=key)
    await client.messages()
    await floor.order(alice, "ask", "100", "1")
    await floor.order(bob, "bid", "100", "1")
    wallets = [message for message in await client.messages() if message.get("private") == "wallet"]
    stated = [reader(floor).balances(Answer("", b"", b"", 200, as_json(message))) for message in wallets]
    assert [(each.asset, each.total) for (each,) in stated] == [("BTC", "99"), ("USD", "100100"), ("USD", "100099.4")]


async def test_orders_are_called_as_the_api_calls_them(floor: Floor, alice: Trader) -> None:
    oid = await floor.order(alice, "bid", "100", "2")
    (order,) = floor.engine.open_orders(alice.account)
    assert reader(floor).order_text(order.order_id) == oid
    assert reader(floor).order_number(oid.upper()) == order.order_id
    assert reader(floor).order_number("17") is None


@pytest.mark.parametrize("reply", [b"", b"<html>", b'{"result":"succ', b"[]", b"{}"])
def test_what_is_no_reply_of_this_api_says_nothing(floor: Floor, reply: bytes) -> None:
    garbled = Answer("/api/1/generic/private/info", b"", b"", 502, reply)
    assert reader(floor).rejection(garbled) is None
    assert list(reader(floor).balances(garbled)) == []
