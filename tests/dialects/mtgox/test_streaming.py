"""The stream as its clients meet it, over real sockets: channels, deltas, the account's own messages, calls, and socket.io byte by byte."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import uuid
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.stream.socket_io import MAX_QUERY, Handshakes
from cambist.gateway.server import Server
from tests.dialects.mtgox.floor import NOON, SECOND, Floor, Trader
from tests.dialects.mtgox.listener import PATIENCE, Listener, Open
from tests.support import sweeps
from tests.support.floor import one_process

TRADES = "dbf1dee9-4f2e-4a08-8cb7-748919a71b21"
LAG = "85174711-be64-4de1-b783-0628995d7914"
TICKER_USD = "d5f06780-30a8-4a48-a2f8-7ed181b4a13f"
DEPTH_USD = "24e67e0d-1cad-4cc0-9e7a-f8523ef460fe"
TICKER_EUR = "0bb6da8b-f6c6-4ecf-8f0d-a544ad948c15"
DEPTH_EUR = "057bdc6b-9f9c-44e4-bc1a-363e4443ce87"
DEPTH_GBP = "60c3af1b-5d40-4d0e-b9fc-ccab433d2e9c"


@pytest.mark.parametrize(
    ("path", "channels"),
    [
        ("/mtgox", [TRADES, TICKER_USD, DEPTH_USD]),
        ("/", [TRADES, TICKER_USD, DEPTH_USD]),
        ("/mtgox?Currency=EUR", [TRADES, TICKER_EUR, DEPTH_EUR]),
        ("/mtgox?Currency=USD,EUR,XYZ", [TRADES, TICKER_USD, DEPTH_USD, TICKER_EUR, DEPTH_EUR]),
        ("/?Channel=depth.BTCUSD/ticker.BTCUSD", [DEPTH_USD, TICKER_USD]),
        ("/?Channel=trade.lag/nothing/depth.BTCGBP", [LAG, DEPTH_GBP]),
        ("/mtgox/", [TRADES, TICKER_USD, DEPTH_USD]),
        ("/mtgox/?Channel=depth.BTCGBP,ticker.BTCUSD", [DEPTH_GBP, TICKER_USD]),
    ],
)
async def test_a_new_client_is_told_its_channels(listen: Open, path: str, channels: list[str]) -> None:
    client = await listen(path)
    assert await client.messages() == [{"op": "subscribe", "channel": channel} for channel in channels]


async def test_one_message_of_each_public_kind(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    client = await listen()
    await client.messages()
    await floor.order(alice, "bid", "100.5", "2")
    depth, ticker = await client.messages()
    assert list(depth) == ["channel", "channel_name", "op", "origin", "private", "depth", "stamp"]
    assert (depth["channel"], depth["channel_name"], depth["op"], depth["origin"], depth["private"]) == (
        DEPTH_USD, "depth.BTCUSD", "private", "broadcast", "depth",
    )  # fmt: skip
    assert depth["depth"] == {
        "price": "100.5", "type": 2, "type_str": "bid", "volume": "2", "price_int": "10050000", "volume_int": "200000000", "item": "BTC",
        "currency": "USD", "now": str(NOON), "total_volume_int": "200000000",
    }  # fmt: skip
    assert (ticker["private"], ticker["channel"]) == ("ticker", TICKER_USD)
    assert ticker["ticker"] == await floor.public("BTCUSD/ticker")
    await floor.order(bob, "ask", "100", "0.5")
    messages = await client.messages()
    assert [message["private"] for message in messages] == ["trade", "depth", "ticker"]
    heard = {message["private"]: message for message in messages}
    assert heard["trade"]["channel"] == TRADES
    trade = heard["trade"]["trade"]
    assert trade == {
        "type": "trade", "date": NOON // SECOND, "price": 100.5, "amount": 0.5, "price_int": "10050000", "amount_int": "50000000",
        "tid": str(NOON), "price_currency": "USD", "item": "BTC", "trade_type": "ask", "primary": "Y", "properties": "limit",
    }  # fmt: skip
    assert (heard["depth"]["depth"]["volume_int"], heard["depth"]["depth"]["total_volume_int"]) == ("-50000000", "150000000")
    assert heard["ticker"]["ticker"]["last"]["value"] == "100.5"


async def test_folding_the_deltas_gives_the_servers_book(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    import random

    client = await listen("/?Channel=depth.BTCUSD")
    await client.messages()
    book: dict[tuple[str, int], int] = {}
    dice, orders = random.Random(7), list[tuple[Trader, str]]()
    for step in range(120):
        trader = dice.choice((alice, bob))
        if orders and dice.random() < 0.3:
            owner, oid = orders.pop(dice.randrange(len(orders)))
            await floor.call(owner, "generic/order/cancel", oid=oid)
        else:
            side, price = dice.choice(("bid", "ask")), f"{dice.randint(95, 105)}.{dice.randint(0, 9)}"
            orders.append((trader, await floor.order(trader, side, price, f"0.{dice.randint(10, 99)}")))
        if step % 40 == 39:
            for message in await client.messages():
                level = message["depth"]
                key = (level["type_str"], int(level["price_int"]))
                assert book.get(key, 0) + int(level["volume_int"]) == int(level["total_volume_int"])
                book[key] = int(level["total_volume_int"])
            depth = await floor.public("BTCUSD/fulldepth")
            served = {(name, int(level["price_int"])): int(level["amount_int"]) for name in ("bid", "ask") for level in depth[f"{name}s"]}
            assert {key: volume for key, volume in book.items() if volume} == served
            assert served


async def test_subscribing_by_id_name_and_type(floor: Floor, listen: Open) -> None:
    client = await listen("/?Channel=nothing")
    assert await client.messages() == []
    for asked, channel in (
        ({"op": "subscribe", "channel": DEPTH_GBP}, DEPTH_GBP),
        ({"op": "mtgox.subscribe", "channel": "ticker.BTCUSD"}, TICKER_USD),
        ({"op": "mtgox.subscribe", "channel": DEPTH_USD.upper()}, DEPTH_USD),
        ({"op": "mtgox.subscribe", "type": "trades"}, TRADES),
        ({"op": "mtgox.subscribe", "type": "lag"}, LAG),
        ({"op": "mtgox.subscribe", "type": "depth"}, DEPTH_USD),
    ):
        await client.send(**asked)
        assert await client.read() == {"op": "subscribe", "channel": channel}
    ltc = (await floor.json("GET", "/api/2/money/stream/list_public"))["data"]["depth.LTCBTC"]
    await client.send(op="subscribe", channel=ltc)
    assert (await client.read())["channel"] == ltc
    await client.send(op="unsubscribe", channel=DEPTH_USD)
    assert await client.read() == {"op": "unsubscribe", "channel": DEPTH_USD}
    await client.send(op="unsubscribe", channel=DEPTH_USD)
    assert (await client.read())["message"] == "Not subscribed to this channel"
    for wrong in ({"op": "subscribe", "channel": "x"}, {"op": "subscribe"}, {"op": "mtgox.subscribe", "channel": 5}):
        await client.send(**wrong)
        assert await client.read() == {
            "op": "remark", "success": False, "message": "Unknown channel", "token": "channel_not_found",
        }  # fmt: skip
    for nonsense in ("", "x", "[]", "5", '{"op":5}', "{" * 2000):
        await client.connection.send(nonsense)
        assert (await client.read())["op"] == "remark"


async def test_after_unsubscribing_nothing_more_comes(floor: Floor, alice: Trader, listen: Open) -> None:
    client = await listen()
    await client.messages()
    await client.send(op="unsubscribe", channel=DEPTH_USD)
    await client.messages()
    await floor.order(alice, "bid", "100", "1")
    assert [message["private"] for message in await client.messages()] == ["ticker"]


async def test_a_star_is_every_pair(floor: Floor, listen: Open) -> None:
    pairs = [name for name in (await floor.json("GET", "/api/2/money/stream/list_public"))["data"] if name.startswith("depth.")]
    channels = (await floor.json("GET", "/api/2/money/stream/list_public"))["data"]
    client = await listen("/mtgox?Channel=depth.*")
    assert await client.messages() == [{"op": "subscribe", "channel": channels[name]} for name in pairs]
    await client.send(op="unsubscribe", channel="depth.*")
    assert await client.messages() == [{"op": "unsubscribe", "channel": channels[name]} for name in pairs]
    await client.send(op="mtgox.subscribe", channel="ticker.*")
    assert len(await client.messages()) == len(pairs)


@one_process
async def test_lag_tells_the_age_of_the_queue(floor: Floor, alice: Trader, listen: Open) -> None:
    client = await listen("/?Channel=trade.lag")
    await client.messages()
    floor.clock.now += SECOND
    lag = (await client.read())["lag"]
    assert lag == {"age": 0, "stamp": floor.clock.now, "qid": None}
    floor.journal.held = True
    floor.immediate.place(alice.account, 0, 0, 0, 0, 10_000, 10**8)
    floor.clock.now += SECOND
    lag = (await client.read())["lag"]
    assert (lag["age"], lag["stamp"]) == (SECOND, floor.clock.now)
    assert uuid.UUID(lag["qid"])
    floor.journal.let_go()


# --- one's own ----------------------------------------------------------------------------------------------------------------


async def own(floor: Floor, trader: Trader, listen: Open) -> Listener:
    client = await listen("/?Channel=nothing")
    await client.send(op="mtgox.subscribe", key=await floor.returned(trader, "generic/idkey"))
    answer = await client.read()
    assert answer["op"] == "subscribe"
    assert answer["channel"] not in (TRADES, LAG)
    return client


def statuses(heard: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """(status or reason, amount left) of each user_order."""
    orders = [message["user_order"] for message in heard if message["private"] == "user_order"]
    return [(order.get("status") or order["reason"], order["amount"]["value"] if "amount" in order else "") for order in orders]


async def test_an_order_from_pending_to_its_end(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    client = await own(floor, alice, listen)
    oid = await floor.order(alice, "bid", "100", "2")
    heard = await client.messages()
    assert statuses(heard) == [(status, "2") for status in ("pending", "executing", "post-pending", "open")]
    order = heard[3]["user_order"]
    assert list(order) == ["oid", "currency", "item", "type", "amount", "effective_amount", "price", "status", "date", "priority"]
    assert (order["oid"], order["currency"], order["item"], order["type"]) == (oid, "USD", "BTC", "bid")
    await floor.order(bob, "ask", "100", "0.5")
    assert statuses(await client.messages()) == [("open", "1.5")]
    await floor.order(bob, "ask", "100", "1.5")
    heard = await client.messages()
    assert statuses(heard) == [("open", "0"), ("completed_passive", "")]
    assert heard[-1]["user_order"] == {"oid": oid, "reason": "completed_passive"}
    requested = await floor.order(alice, "bid", "100", "1")
    await floor.call(alice, "generic/order/cancel", oid=requested)
    assert statuses(await client.messages())[-2:] == [("open", "1"), ("requested", "")]


async def test_orders_that_trade_at_once(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    await floor.order(bob, "ask", "100", "1")
    await floor.order(bob, "ask", "101", "1")
    client = await own(floor, alice, listen)
    await floor.order(alice, "bid", "100", "1.5")
    assert statuses(await client.messages()) == [
        ("pending", "1.5"),
        ("executing", "1.5"),
        ("executing", "0.5"),
        ("post-pending", "0.5"),
        ("open", "0.5"),
    ]
    await floor.order(alice, "bid", "101", "0.4")
    assert statuses(await client.messages()) == [("pending", "0.4"), ("executing", "0.4"), ("executing", "0"), ("completed_active", "")]
    await floor.returned(alice, "BTCUSD/order/add", type="bid", amount_int=20000000)
    market = await client.messages()
    assert statuses(market) == [("pending", "0.2"), ("executing", "0.2"), ("executing", "0"), ("completed_active", "")]
    assert "price" not in market[0]["user_order"]
    assert [message["trade"]["properties"] for message in market if message["private"] == "trade"] == ["market"]


async def test_a_pushed_trade_says_what_kind_of_order_the_taker_s_was(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    client = await listen("/?Channel=trade")
    await client.messages()
    await floor.order(alice, "bid", "100", "2")
    await floor.order(bob, "ask", "100", "1")
    await floor.returned(bob, "BTCUSD/order/add", type="ask", amount_int=10**8)
    assert [message["trade"]["properties"] for message in await client.messages()] == ["limit", "market"]


async def test_an_order_that_is_not_covered_goes_from_pending_to_invalid(floor: Floor, alice: Trader, listen: Open) -> None:
    poor = floor.trader("poor")
    client = await own(floor, poor, listen)
    oid = await floor.order(poor, "bid", "100", "2")
    heard = await client.messages()
    assert statuses(heard) == [("pending", "2"), ("invalid", "2")]
    order = heard[1]["user_order"]
    assert list(order) == ["oid", "currency", "item", "type", "amount", "effective_amount", "price", "status", "date", "priority"]
    assert (order["oid"], order["effective_amount"]["value"], order["date"]) == (oid, "0", NOON // SECOND)
    await floor.returned(poor, "generic/order/cancel", oid=oid)
    assert [message["user_order"] for message in await client.messages()] == [{"oid": oid, "reason": "requested"}]
    market = await floor.returned(poor, "BTCUSD/order/add", type="ask", amount_int=10**8)
    heard = await client.messages()
    assert statuses(heard) == [("pending", "1"), ("invalid", "1")]
    assert "price" not in heard[1]["user_order"]
    # What is refused for another reason, or through another API, has no id here.
    await floor.error(poor, "BTCUSD/order/add", type="bid", amount_int=1, price_int=10**7)
    floor.immediate.place(poor.account, 0, 0, 0, 0, 10_000, 10**8)
    floor.sequencer.drain()
    assert await client.messages() == []
    floor.clock.now += 1800 * SECOND
    later = await floor.order(poor, "bid", "100", "2")
    assert len(await client.messages()) == 2
    for gone in (market, later):
        floor.clock.now += 1800 * SECOND
        assert (await client.read())["user_order"] == {"oid": gone, "reason": "requested"}
        assert await client.messages() == []


async def test_wallets_and_own_trades(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    await floor.order(bob, "ask", "100", "1")
    client = await own(floor, alice, listen)
    await floor.order(alice, "bid", "100", "1")
    heard = await client.messages()
    wallets = [message["wallet"] for message in heard if message["private"] == "wallet"]
    assert [(wallet["op"], wallet["amount"]["value"], wallet["balance"]["value"]) for wallet in wallets] == [
        ("spent", "100", "99900"),
        ("in", "1", "101"),
        ("fee", "0.006", "100.994"),
    ]
    assert list(wallets[0]) == ["op", "amount", "info", "ref", "balance"]
    (trade,) = [message["trade"] for message in heard if message["private"] == "trade"]
    assert (trade["amount"], trade["price"], trade["tid"]) == (1, 100, wallets[0]["ref"])
    floor.fund(alice.account, "USD", "5")
    floor.sequencer.drain()
    (deposit,) = await client.messages()
    assert (deposit["wallet"]["op"], deposit["wallet"]["amount"]["value"]) == ("deposit", "5")
    await floor.returned(alice, "generic/bitcoin/send_simple", address="1BoatSLRHtKNngkdXEeobR76b53LETtpyT", amount_int=10**8)
    assert await client.messages() == []
    for _ in range(3):
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
    withdrawn = (await client.messages())[0]["wallet"]
    assert (withdrawn["op"], withdrawn["amount"]["value"]) == ("withdraw", "1")


async def test_whose_the_channel_is_and_for_how_long(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    client = await own(floor, alice, listen)
    await floor.order(bob, "bid", "50", "1")
    assert await client.messages() == []
    id_key = await floor.returned(bob, "generic/idkey")
    channel = (await (await own(floor, bob, listen)).messages(), id_key)
    assert channel[0] == []
    for wrong in ("", "x", id_key[:-4] + "AAAA", base64.b64encode(bytes(48)).decode()):
        await client.send(op="mtgox.subscribe", key=wrong)
        assert (await client.read())["message"] == "Invalid idKey"
    floor.clock.now += 86_400 * SECOND - 1
    await client.send(op="mtgox.subscribe", key=id_key)
    assert (await client.read())["op"] == "subscribe"
    floor.clock.now += 1
    client = await listen("/?Channel=nothing")
    await client.send(op="mtgox.subscribe", key=id_key)
    assert (await client.read())["message"] == "Invalid idKey"
    await client.send(op="subscribe", channel=(await own(floor, alice, listen)).prefix or str(uuid.uuid5(uuid.NAMESPACE_DNS, "x")))
    assert (await client.read())["message"] == "Unknown channel"


def ending(channel: str, reason: str) -> list[dict[str, Any]]:
    """What a client hears when its right to an account is over."""
    token = reason.lower().replace("idkey", "id_key").replace(" ", "_")
    return [{"op": "remark", "success": False, "message": reason, "token": token}, {"op": "unsubscribe", "channel": channel}]


async def opened(client: Listener, id_key: str) -> str:
    """Shows an idKey; the channel that it opens."""
    await client.send(op="mtgox.subscribe", key=id_key)
    answer = await client.read()
    assert answer["op"] == "subscribe"
    return str(answer["channel"])


async def test_a_private_channel_ends_with_its_key(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    second = floor.keyed(alice.user)
    client, other = await listen("/?Channel=nothing"), await own(floor, bob, listen)
    channel = await opened(client, await floor.returned(alice, "generic/idkey"))
    assert await opened(client, await floor.returned(second, "generic/idkey")) == channel
    floor.directory.revoke(alice.key)
    await floor.order(second, "bid", "50", "1")
    assert statuses(await client.messages())[-1] == ("open", "1"), "another key of the same account was shown too"
    floor.directory.revoke(second.key)
    floor.immediate.cancel_all(alice.account)
    floor.sequencer.drain()
    assert [await client.read() for _ in range(2)] == ending(channel, "API key revoked")
    assert await client.messages() == []
    await client.send(op="unsubscribe", channel=channel)
    assert (await client.read())["message"] == "Not subscribed to this channel"
    await floor.order(bob, "bid", "50", "1")
    assert len(await other.messages()) == 4, "strangers are left alone"


async def test_a_private_channel_ends_when_somebody_is_erased(floor: Floor, alice: Trader, listen: Open) -> None:
    client = await listen("/?Channel=nothing")
    channel = await opened(client, await floor.returned(alice, "generic/idkey"))
    await asyncio.to_thread(floor.directory.erase_user, alice.user)
    assert [await client.read() for _ in range(2)] == ending(channel, "API key revoked")


async def test_a_private_channel_ends_with_its_id_key_unless_a_newer_one_was_shown(floor: Floor, alice: Trader, listen: Open) -> None:
    plain, renewed, gone = [await listen("/?Channel=nothing") for _ in range(3)]
    first = await floor.returned(alice, "generic/idkey")
    channels = {await opened(client, first) for client in (plain, renewed, gone)}
    (channel,) = channels
    await gone.send(op="unsubscribe", channel=channel)
    assert (await gone.read())["op"] == "unsubscribe"
    floor.clock.now += 3600 * SECOND
    await opened(renewed, await floor.returned(alice, "generic/idkey"))
    floor.clock.now += 23 * 3600 * SECOND - 1
    await floor.order(alice, "bid", "50", "1")
    assert len(await plain.messages()) == len(await renewed.messages()) == 4
    floor.clock.now += 1
    assert [await plain.read() for _ in range(2)] == ending(channel, "idKey expired")
    await floor.order(alice, "bid", "50", "1")
    assert await plain.messages() == await gone.messages() == []
    assert len(await renewed.messages()) == 4
    floor.clock.now += 3600 * SECOND
    assert [await renewed.read() for _ in range(2)] == ending(channel, "idKey expired")
    assert await opened(plain, await floor.returned(alice, "generic/idkey")) == channel


# --- calls --------------------------------------------------------------------------------------------------------------------


def sealed(trader: Trader, secret: str = "", **call: Any) -> str:
    """A signed call."""
    trader.nonce += 1
    body = json.dumps({"nonce": trader.nonce, "params": {}, "item": "BTC", "currency": "USD", **call}).encode()
    sign = hmac.new(base64.b64decode(secret or trader.key.secret), body, hashlib.sha512).digest()
    return base64.b64encode(uuid.UUID(trader.key.key).bytes + sign + body).decode()


async def test_calls(floor: Floor, alice: Trader, listen: Open) -> None:
    client = await listen("/?Channel=nothing")

    async def call(identifier: str, **fields: Any) -> dict[str, Any]:
        await client.send(op="call", id=identifier, context="mtgox.com", call=sealed(alice, id=identifier, **fields))
        return await client.read()

    placed = await call("order_add:1:2:3", call="order/add", params={"type": "bid", "price_int": 10_000_00, "amount_int": 10**8})
    assert (placed["op"], placed["id"]) == ("result", "order_add:1:2:3")
    oid = placed["result"]
    assert [order["oid"] for order in (await call("orders", call="private/orders"))["result"]] == [oid]
    assert (await call("info", call="private/info"))["result"]["Login"] == "alice"
    assert len((await call("idkey", call="private/idkey"))["result"]) == 75
    assert len((await call("depth", call="public/fulldepth"))["result"]["bids"]) == 1
    assert (await call("eur", call="public/fulldepth", currency="EUR"))["result"]["bids"] == []
    assert (await call("cancel", call="order/cancel", params={"oid": oid}))["result"]["oid"] == oid
    assert await call("again", call="order/cancel", params={"oid": oid}) == {
        "op": "remark", "success": False, "message": "Order not found", "token": "order_not_found", "id": "again",
    }  # fmt: skip
    assert await call("odd", call="nothing") == {
        "op": "remark", "success": False, "message": "Invalid call", "token": "invalid_call", "id": "odd",
    }  # fmt: skip
    assert (await call("tonce", call="private/info", nonce=None, tonce=NOON))["op"] == "result"
    assert (await call("tonce", call="private/info", tonce=NOON))["message"] == "Invalid nonce"
    assert len(floor.nonces(alice)) == 10


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"price_int": 0}, "Order price is too low"),
        ({"price": 0.0}, "Order price is too low"),
        ({"price": "00"}, "Order price is too low"),
        ({"price_int": ""}, 'Invalid parameter "price_int" (is empty)'),
        ({"price_int": None}, 'Invalid parameter "price_int" (is empty)'),
        ({"price": [10]}, 'Invalid parameter "price" (is empty)'),
        ({"Price": 10}, 'Invalid parameter "Price" (is not known, and there is no price)'),
    ],
)
async def test_a_price_that_is_none_buys_nothing(
    floor: Floor, alice: Trader, bob: Trader, listen: Open, params: dict[str, Any], message: str
) -> None:
    await floor.order(alice, "ask", "10", "3")
    before = floor.money()
    client = await listen("/?Channel=nothing")
    await client.send(op="call", id="x", call=sealed(bob, id="x", call="order/add", params={"type": "bid", "amount_int": 10**8, **params}))
    answer = await client.read()
    assert (answer["op"], answer["message"]) == ("remark", message)
    assert floor.money() == before


async def test_a_price_beside_the_parameters_is_no_market_order(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    await floor.order(alice, "ask", "10", "3")
    before = floor.money()
    client = await listen("/?Channel=nothing")
    params = {"type": "bid", "amount_int": 10**8}
    await client.send(op="call", id="x", call=sealed(bob, id="x", call="order/add", params=params, price_int=10**6))
    answer = await client.read()
    assert answer["message"] == 'Invalid parameter "price_int" (is in the wrong place, and there is no price)'
    assert floor.money() == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"nonce":5,"id":"\xff","call":"private/info"}',
        b'{"nonce":5,"call":"x","params":{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}}",
        b"{",
    ],
)
async def test_a_signed_call_that_is_no_json_is_an_invalid_call(alice: Trader, listen: Open, body: bytes) -> None:
    client = await listen("/?Channel=nothing")
    sign = hmac.new(base64.b64decode(alice.key.secret), body, hashlib.sha512).digest()
    call = base64.b64encode(uuid.UUID(alice.key.key).bytes + sign + body).decode()
    await client.send(op="call", id="x", call=call)
    assert (await client.read())["message"] == "Invalid call"
    await client.send(op="call", id="x", call={"deep": []})
    assert (await client.read())["message"] == "Invalid call"


async def test_a_call_whose_parameter_has_two_values_is_refused(floor: Floor, alice: Trader, listen: Open) -> None:
    client = await listen("/?Channel=nothing")
    body = b'{"nonce":5,"call":"order/add","params":{"type":"bid","type":"ask","amount_int":100000000,"price_int":100000}}'
    sign = hmac.new(base64.b64decode(alice.key.secret), body, hashlib.sha512).digest()
    await client.send(op="call", id="x", call=base64.b64encode(uuid.UUID(alice.key.key).bytes + sign + body).decode())
    assert (await client.read())["message"] == "A parameter has two different values"
    assert floor.engine.open_orders(alice.account) == []


@pytest.mark.parametrize("number", ["1e9999999999999999999", "9" * 5_000, "-1e-9999999999"])
async def test_numbers_without_end_are_refused(floor: Floor, alice: Trader, listen: Open, number: str) -> None:
    client = await listen("/?Channel=nothing")
    for template in (
        '{"nonce":%s,"id":"x","call":"private/info","params":{}}',
        '{"tonce":%s,"id":"x","call":"private/info","params":{}}',
        '{"nonce":5,"id":"x","call":"order/add","params":{"type":"bid","amount_int":%s,"price_int":1000000}}',
        '{"nonce":6,"id":"x","call":"order/add","params":{"type":"bid","amount_int":1,"price":%s}}',
    ):
        body = (template % number).encode()
        sign = hmac.new(base64.b64decode(alice.key.secret), body, hashlib.sha512).digest()
        await client.send(op="call", id="x", call=base64.b64encode(uuid.UUID(alice.key.key).bytes + sign + body).decode())
        answer = await client.read()
        assert answer["op"] == "remark"
        assert answer["message"].startswith(("Invalid call", "Invalid nonce", "Invalid parameter"))


async def test_calls_that_are_refused_change_nothing(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    client = await listen("/?Channel=nothing")
    good = sealed(alice, id="1", call="private/info")
    raw = base64.b64decode(good)
    altered = base64.b64encode(raw[:-2] + bytes([raw[-2] ^ 1]) + raw[-1:]).decode()
    for call, error in (
        (altered, "Invalid Rest-Sign"),
        (sealed(alice, bob.key.secret, id="1", call="private/info"), "Invalid Rest-Sign"),
        (base64.b64encode(bytes(16) + raw[16:]).decode(), "Invalid Rest-Key"),
        (base64.b64encode(raw[:80]).decode(), "Invalid call"),
        ("*", "Invalid call"),
        (None, "Invalid call"),
    ):
        await client.send(op="call", id=7, call=call)
        answer = await client.read()
        assert (answer["op"], answer["success"], answer["message"], answer["id"]) == ("remark", False, error, 7)
    assert floor.nonces(alice) == []
    await client.send(op="call", id="1", call=good)
    assert (await client.read())["op"] == "result"
    await client.send(op="call", id="1", call=good)
    assert (await client.read())["message"] == "Invalid nonce"
    assert len(floor.nonces(alice)) == 1


# --- socket.io ----------------------------------------------------------------------------------------------------------------


async def raw_get(server: Server, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n0\r\n\r\n"), PATIENCE)
    writer.close()
    return answer


async def test_the_handshake_of_socket_io_byte_by_byte(server: Server) -> None:
    for path in ("/socket.io/1", "/socket.io/1/", "/socket.io/1?"):
        answer = await raw_get(server, path)
        assert re.fullmatch(
            rb"HTTP/1\.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
            rb"30\r\n[0-9a-f]{32}:15:25:websocket\r\n0\r\n\r\n",
            answer,
        ), answer


async def sid_of(server: Server, query: str = "") -> str:
    return (await raw_get(server, f"/socket.io/1{query}")).split(b"\r\n")[-4].split(b":")[0].decode()


async def test_a_session_over_socket_io(floor: Floor, alice: Trader, server: Server, listen: Open) -> None:
    client = await listen(f"/socket.io/1/websocket/{await sid_of(server)}?Currency=EUR")
    assert await client.line() == "1::"
    await client.connection.send("1::/mtgox")
    assert await client.line() == "1::/mtgox"
    client.prefix = "4::/mtgox:"
    assert [await client.read() for _ in range(3)] == [{"op": "subscribe", "channel": name} for name in (TRADES, TICKER_EUR, DEPTH_EUR)]
    await floor.order(alice, "bid", "90", "1", "BTCEUR")
    assert {message["private"] for message in await client.messages()} == {"depth", "ticker"}
    await client.connection.send("2::")
    await client.send(op="call", id="a:b", call=sealed(alice, id="a:b", call="private/orders"))
    assert len((await client.read())["result"]) == 1
    floor.clock.now += 15 * SECOND
    assert await client.line() == "2::"


async def test_session_ids_are_used_once_and_not_for_long(floor: Floor, server: Server, listen: Open) -> None:
    used, late = await sid_of(server), await sid_of(server)
    await listen(f"/socket.io/1/websocket/{used}")
    floor.clock.now += 30 * SECOND
    for sid in (used, late, "0" * 32):
        with pytest.raises(InvalidStatus) as refused:
            await listen(f"/socket.io/1/websocket/{sid}")
        assert refused.value.response.status_code == 400


async def test_session_ids_are_good_in_every_process_of_the_venue(floor: Floor, server: Server) -> None:
    elsewhere = Handshakes(DialectContext.of(floor.services))
    plain, with_query = await sid_of(server), await sid_of(server, "?Currency=EUR")
    assert (elsewhere.take(plain), elsewhere.take(with_query)) == (b"", b"Currency=EUR")
    other = await sid_of(server, "?Currency=USD")
    changed = other[:-1] + format(int(other[-1], 16) ^ 1, "x")
    assert (elsewhere.take(changed), elsewhere.take(other[:32]), elsewhere.take(other)) == (None, None, b"Currency=USD")


async def test_a_handshake_with_more_than_an_id_can_have_in_it_is_refused(floor: Floor) -> None:
    longest = [await floor.send("GET", "/socket.io/1", query=b"x" * length) for length in (MAX_QUERY, MAX_QUERY + 1)]
    assert [reply.status for reply in longest] == [200, 400]


async def test_the_query_may_come_with_the_handshake(server: Server, listen: Open) -> None:
    client = await listen(f"/socket.io/1/websocket/{await sid_of(server, '?Channel=depth.BTCGBP')}")
    assert await client.line() == "1::"
    await client.connection.send("1::/mtgox")
    assert await client.line() == "1::/mtgox"
    assert await client.line() == f'4::/mtgox:{{"op":"subscribe","channel":"{DEPTH_GBP}"}}'


async def test_thousands_of_messages_of_one_command_reach_those_who_read(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    mine, everybodys = await own(floor, alice, listen), await listen()
    await everybodys.messages()
    market, price, amount = 0, 100_000, 100_000
    sweeps.rest(floor, alice.account, market, price, amount)
    sweeps.sweep(floor, bob.account, market, price, amount)
    floor.sequencer.drain()
    heard = await mine.messages()
    assert len([left for _status, left in statuses(heard) if not left]) == sweeps.ORDERS  # each order's end
    assert len([message for message in heard if message["private"] == "trade"]) == sweeps.ORDERS
    public = await everybodys.messages()
    assert len([message for message in public if message["private"] == "trade"]) == sweeps.ORDERS
    sweeps.rest(floor, alice.account, market, price, amount)
    sweeps.cancel_all(floor, alice.account)
    floor.sequencer.drain()
    ends = [reason for reason, _left in statuses(await mine.messages()) if reason == "requested"]
    assert len(ends) == sweeps.ORDERS
