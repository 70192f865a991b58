"""The private methods: what they return, member by member, and what they do."""

import re
from typing import Any

import pytest

from cambist.dialects.mtgox import build
from cambist.gateway.http.router import Router
from tests.dialects.mtgox.floor import NOON, SECOND, Floor, Trader
from tests.support.waiting import ticks

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


async def test_info(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "100", "2")
    await floor.order(bob, "ask", "100", "1")
    info = await floor.returned(alice, "generic/private/info")
    assert list(info) == [
        "Login", "Index", "Id", "Link", "Rights", "Language", "Created", "Last_Login", "Wallets", "Monthly_Volume", "Trade_Fee",
    ]  # fmt: skip
    assert (info["Login"], info["Index"], info["Language"], info["Trade_Fee"]) == ("alice", "16", "en_US", 0.6)
    assert info["Rights"] == ["get_info", "trade", "deposit", "withdraw", "merchant"]
    assert info["Created"] == info["Last_Login"] == "2026-11-18 11:06:40"
    assert info["Id"] != info["Link"]
    assert info["Monthly_Volume"]["value"] == "1"
    wallet = info["Wallets"]["USD"]
    assert list(wallet) == ["Balance", "Operations", "Daily_Withdraw_Limit", "Monthly_Withdraw_Limit", "Max_Withdraw", "Open_Orders"]
    assert wallet["Balance"]["value"] == "99900"
    assert wallet["Open_Orders"]["value"] == "100"
    assert wallet["Max_Withdraw"]["value"] == "99800"
    assert wallet["Operations"] == 2
    assert info["Wallets"]["BTC"]["Balance"]["value"] == "100.994"
    assert info["Wallets"]["GBP"]["Balance"]["value"] == "0"


@pytest.mark.parametrize("path", ["BTCUSD/private/order/add", "BTCUSD/order/add"])
async def test_an_order_is_added_listed_and_cancelled(floor: Floor, alice: Trader, path: str) -> None:
    oid = await floor.returned(alice, path, type="bid", amount_int=4_00000000, price_int=94_500_00)
    (order,) = await floor.returned(alice, "generic/private/orders")
    assert list(order) == [
        "oid", "currency", "item", "type", "amount", "effective_amount", "price", "status", "date", "priority", "actions",
    ]  # fmt: skip
    assert (order["oid"], order["currency"], order["item"], order["type"], order["status"]) == (oid, "USD", "BTC", "bid", "open")
    assert order["amount"] == order["effective_amount"]
    assert order["amount"]["value_int"] == "400000000"
    assert order["price"]["value"] == "94.5"
    assert (order["date"], order["priority"], order["actions"]) == (NOON // SECOND, str(NOON), [])
    cancelled = await floor.returned(alice, "generic/order/cancel", oid=oid.upper())
    assert list(cancelled) == ["oid", "qid"]
    assert cancelled["oid"] == oid
    assert await floor.returned(alice, "generic/orders") == []
    assert await floor.error(alice, "BTCEUR/order/cancel", oid=oid) == "Order not found"


async def test_a_partly_filled_order_shows_what_is_left(floor: Floor, alice: Trader, bob: Trader) -> None:
    oid = await floor.order(alice, "ask", "10", "3")
    await floor.order(bob, "bid", "10", "1")
    (order,) = await floor.returned(alice, "generic/orders")
    assert (order["oid"], order["type"], order["amount"]["value"]) == (oid, "ask", "2")


async def test_a_market_order_has_no_price(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "ask", "10", "3")
    for fields in ({}, {"prefer_fiat_fee": "1"}):
        oid = await floor.returned(bob, "BTCUSD/order/add", type="bid", amount_int="50000000.0", **fields)
        result = await floor.returned(bob, "generic/order/result", type="bid", order=oid)
        assert result["trades"][0]["properties"] == "market"
    assert await floor.returned(bob, "generic/orders") == []
    assert floor.available(bob, "BTC") == "100.994"


NO_PRICE = [
    ({"price_int": "0"}, "Order price is too low"),
    ({"price": "0"}, "Order price is too low"),
    ({"price": "0.0"}, "Order price is too low"),
    ({"price": "00"}, "Order price is too low"),
    ({"price_int": "0", "price": "0"}, "Order price is too low"),
    ({"price_int": "1"}, "Order price is too low"),
    ({"price_int": ""}, 'Invalid parameter "price_int" (is empty)'),
    ({"price": " "}, 'Invalid parameter "price" (is empty)'),
    ({"price": "null"}, 'Invalid parameter "price" (is no decimal number)'),
    ({"price_int": "0", "price": "10"}, 'Invalid parameter "price" (contradicts price_int)'),
    ({"Price": "10"}, 'Invalid parameter "Price" (is not known, and there is no price)'),
    ({"price_Int": "1000000"}, 'Invalid parameter "price_Int" (is not known, and there is no price)'),
]
"""What names no price and is no market order."""


@pytest.mark.parametrize(("fields", "error"), NO_PRICE)
@pytest.mark.parametrize("path", ["/api/1/BTCUSD/order/add", "/api/1/BTCUSD/private/order/add", "/api/2/BTCUSD/money/order/add"])
async def test_a_price_that_is_none_buys_nothing(
    floor: Floor, alice: Trader, bob: Trader, path: str, fields: dict[str, str], error: str
) -> None:
    await floor.order(alice, "ask", "10", "3")
    before = floor.money()
    body = bob.form(type="bid", amount_int=10**8, **fields)
    message = path.removeprefix("/api/2/").encode() + b"\0" + body if path.startswith("/api/2") else body
    answer = await floor.json("POST", path, body, bob.headers(message))
    assert (answer["result"], answer["error"]) == ("error", error)
    assert floor.money() == before


@pytest.mark.parametrize(("fields", "error"), [(fields, error) for fields, error in NO_PRICE])
@pytest.mark.parametrize("name", ["buyBTC", "sellBTC"])
async def test_nor_does_it_in_v0(floor: Floor, alice: Trader, bob: Trader, name: str, fields: dict[str, str], error: str) -> None:
    if fields == {"price_int": "1"} and name == "sellBTC":
        pytest.skip("an ask of less than the market's tick is one at the tick")
    await floor.order(alice, "ask", "10", "3")
    await floor.order(alice, "bid", "9", "3")
    before = floor.money()
    body = bob.form(amount="1", **fields)
    answer = await floor.json("POST", f"/api/0/{name}.php", body, bob.headers(body))
    assert answer == {"error": error}
    assert floor.money() == before


@pytest.mark.parametrize("path", ["/api/1/BTCUSD/order/add", "/api/2/BTCUSD/money/order/add", "/api/0/buyBTC.php"])
async def test_a_price_outside_the_signed_form_is_no_market_order(floor: Floor, alice: Trader, bob: Trader, path: str) -> None:
    await floor.order(alice, "ask", "10", "3")
    before = floor.money()

    async def order(query: str) -> Any:
        body = bob.form(type="bid", amount="1", amount_int=10**8)
        message = path.removeprefix("/api/2/").encode() + b"\0" + body if path.startswith("/api/2") else body
        return await floor.json("POST", f"{path}?{query}", body, bob.headers(message))

    refused = await order("raw&price_int=1000000")
    assert refused["error"] == 'Invalid parameter "price_int" (is in the wrong place, and there is no price)'
    assert floor.money() == before
    await order("raw")
    assert floor.money() != before


@pytest.mark.parametrize(
    ("side", "price_int", "price"),
    [("bid", 5_53587, "5.535"), ("ask", 5_53587, "5.536"), ("bid", 5_53500, "5.535"), ("ask", 5_53500, "5.535"), ("bid", 99999_9, "9.999")],
)
async def test_a_price_finer_than_the_market_s_is_taken_and_never_worse_for_its_owner(
    floor: Floor, alice: Trader, side: str, price_int: int, price: str
) -> None:
    oid = await floor.returned(alice, "BTCUSD/order/add", type=side, amount_int=10**8, price_int=price_int)
    (order,) = await floor.returned(alice, "generic/orders")
    assert (order["oid"], order["price"]["value"]) == (oid, price)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"type": "buy"}, 'Invalid parameter "type" (should be ask or bid)'),
        ({"type": ""}, 'Invalid parameter "type" (should be ask or bid)'),
        ({"amount_int": ""}, 'Invalid parameter "amount_int" (is empty)'),
        ({"amount_int": "0"}, 'Invalid parameter "amount_int" (should be a whole number above zero)'),
        ({"amount_int": "-1"}, 'Invalid parameter "amount_int" (is below zero)'),
        ({"amount_int": "1.5"}, 'Invalid parameter "amount_int" (is no whole number)'),
        ({"amount_int": "1e400"}, 'Invalid parameter "amount_int" (is too large: at most 18446744073709551615)'),
        ({"amount_int": "1e9999999999999999999"}, 'Invalid parameter "amount_int" (is no whole number)'),
        ({"amount_int": "9" * 27}, 'Invalid parameter "amount_int" (is too large: at most 18446744073709551615)'),
        ({"amount": "2"}, 'Invalid parameter "amount" (contradicts amount_int)'),
        ({"price_int": "cheap"}, 'Invalid parameter "price_int" (is no whole number)'),
        ({"price_int": "1e9999999999999999999"}, 'Invalid parameter "price_int" (is no whole number)'),
        ({"price_int": "9" * 25 + "00"}, 'Invalid parameter "price_int" (is too large: at most 18446744073709551615)'),
        ({"amount_int": "99999"}, "Order amount is too low"),
        ({"amount_int": "9" * 18}, "Order amount is too high"),
        ({"price_int": "100"}, "Order price is too low"),
        ({"price_int": "9" * 15}, "Order price is too high"),
    ],
)
async def test_orders_that_are_refused(floor: Floor, alice: Trader, fields: dict[str, str], error: str) -> None:
    before = floor.money()
    good = {"type": "bid", "amount_int": "100000000", "price_int": "1000000"}
    reply = await floor.error(alice, "BTCUSD/order/add", **{**good, **fields})
    assert reply == error
    assert floor.money() == before
    assert len(floor.nonces(alice)) == 1


@pytest.mark.parametrize(("kind", "price"), [("bid", 10_00000), ("ask", 10_00000), ("bid", 0)])
async def test_an_order_that_is_not_covered_is_listed_as_invalid(floor: Floor, alice: Trader, bob: Trader, kind: str, price: int) -> None:
    poor = floor.trader("poor")
    await floor.order(alice, "ask", "10", "1")
    before = floor.money()
    named = {"price_int": price} if price else {}
    oid = await floor.returned(poor, "BTCUSD/order/add", type=kind, amount_int=200000000, **named)
    (order,) = await floor.returned(poor, "generic/orders")
    assert list(order) == [
        "oid", "currency", "item", "type", "amount", "effective_amount", "price", "status", "date", "priority", "actions",
    ]  # fmt: skip
    assert (order["oid"], order["type"], order["status"], order["priority"]) == (oid, kind, "invalid", str(NOON))
    assert (order["amount"]["value"], order["effective_amount"]["value"]) == ("2", "0")
    assert order["price"]["value_int"] == str(price)
    assert floor.money() == before
    assert await floor.error(poor, "generic/order/result", type=kind, order=oid) == "No trades for this order"
    assert await floor.error(poor, "generic/order/result", type="ask" if kind == "bid" else "bid", order=oid) == "Order not found"
    for stranger in (alice, bob):
        assert await floor.error(stranger, "generic/order/cancel", oid=oid) == "Order not found"
        assert await floor.error(stranger, "generic/order/result", type=kind, order=oid) == "Order not found"
        assert oid not in [listed["oid"] for listed in await floor.returned(stranger, "generic/orders")]
    cancelled = await floor.returned(poor, "generic/order/cancel", oid=oid)
    assert list(cancelled) == ["oid", "qid"]
    assert cancelled["oid"] == oid
    assert await floor.returned(poor, "generic/orders") == []
    assert await floor.error(poor, "generic/order/cancel", oid=oid) == "Order not found"
    assert len(floor.nonces(poor)) == 7


async def test_invalid_orders_are_few_and_not_for_long(floor: Floor) -> None:
    poor = floor.trader("poor")
    oids = [await floor.order(poor, "bid", "10", "1") for _ in range(52)]
    assert len(set(oids)) == 52
    assert [order["oid"] for order in await floor.returned(poor, "generic/orders")] == oids[2:]
    floor.fund(poor.account, "USD", "10")
    good = await floor.order(poor, "bid", "10", "1")
    assert [order["status"] for order in await floor.returned(poor, "generic/orders")] == ["open"] + ["invalid"] * 50
    floor.clock.now += 3600 * SECOND - 1
    assert len(await floor.returned(poor, "generic/orders")) == 51
    floor.clock.now += 1
    assert [order["oid"] for order in await floor.returned(poor, "generic/orders")] == [good]


async def listed(floor: Floor, trader: Trader) -> list[tuple[str, str]]:
    return [(order["oid"], order["status"]) for order in await floor.returned(trader, "generic/orders")]


def restart(floor: Floor) -> None:
    """The dialect anew, on what is durable: nothing of its memory is left."""
    floor.sequencer.drain()
    floor.service = build(floor.venue_services())
    floor.router = Router(floor.service.routes)


async def test_invalid_orders_outlive_a_restart(floor: Floor, alice: Trader) -> None:
    poor = floor.trader("poor")
    oids = [await floor.order(poor, "bid", "10", "1") for _ in range(3)]
    await floor.returned(poor, "generic/order/cancel", oid=oids[1])
    floor.clock.now += 1800 * SECOND
    restart(floor)
    assert await listed(floor, alice) == []
    later = await floor.order(poor, "bid", "10", "1")
    assert await listed(floor, poor) == [(oid, "invalid") for oid in (oids[0], oids[2], later)]
    await floor.returned(poor, "generic/order/cancel", oid=oids[0])
    restart(floor)
    # The first that somebody asks for after the start is one of before it.
    assert await floor.error(poor, "generic/order/result", type="bid", order=oids[2]) == "No trades for this order"
    assert await listed(floor, poor) == [(oid, "invalid") for oid in (oids[2], later)]
    floor.clock.now += 1800 * SECOND
    assert await listed(floor, poor) == [(later, "invalid")]
    restart(floor)
    assert await listed(floor, poor) == [(later, "invalid")]
    floor.clock.now += 1800 * SECOND
    assert await listed(floor, poor) == []


async def test_of_many_invalid_orders_a_restart_lists_the_newest(floor: Floor) -> None:
    poor = floor.trader("poor")
    oids = [await floor.order(poor, "bid", "10", "1") for _ in range(55)]
    restart(floor)
    assert await listed(floor, poor) == [(oid, "invalid") for oid in oids[5:]]


async def test_orders_are_listed_although_history_cannot_be_had(floor: Floor) -> None:
    poor = floor.trader("poor", USD="10")
    await floor.order(poor, "bid", "100", "1")
    good = await floor.order(poor, "bid", "10", "1")
    restart(floor)
    floor.writer.close()
    floor.fund(poor.account, "BTC", "1")
    floor.sequencer.drain()
    restart(floor)
    assert await listed(floor, poor) == [(good, "open")]
    assert await floor.error(poor, "generic/info") == "The engine cannot take this now, please retry"


async def test_v0_gives_an_order_that_is_not_covered_status_2(floor: Floor) -> None:
    poor = floor.trader("poor", USD="5")
    body = poor.form(amount="1", price="5")
    await floor.json("POST", "/api/0/buyBTC.php", body, poor.headers(body))
    body = poor.form(amount="1", price="6")
    placed = await floor.json("POST", "/api/0/buyBTC.php", body, poor.headers(body))
    assert [(order["status"], order["real_status"]) for order in placed["orders"]] == [(1, "open"), (2, "invalid")]
    assert placed["oid"] == placed["orders"][1]["oid"]
    body = poor.form(oid=placed["oid"], type=1)
    left = await floor.json("POST", "/api/0/cancelOrder.php", body, poor.headers(body))
    assert [order["status"] for order in left["orders"]] == [1]


async def test_order_result(floor: Floor, alice: Trader, bob: Trader) -> None:
    oid = await floor.order(alice, "bid", "100", "3")
    assert await floor.error(alice, "generic/order/result", type="bid", order=oid) == "No trades for this order"
    await floor.order(bob, "ask", "100", "1")
    floor.clock.now += SECOND
    await floor.order(bob, "ask", "99", "0.5")
    result = await floor.returned(alice, "generic/private/order/result", type="bid", order=oid)
    assert list(result) == ["order_id", "trades", "total_amount", "total_spent", "avg_cost"]
    assert result["order_id"] == oid
    assert [result[name]["value"] for name in ("total_amount", "total_spent", "avg_cost")] == ["1.5", "150", "100"]
    first = result["trades"][0]
    assert list(first) == ["trade_id", "primary", "currency", "type", "properties", "item", "amount", "price", "spent", "date"]
    assert (first["trade_id"], first["primary"], first["currency"], first["type"], first["item"]) == (str(NOON), "Y", "USD", "bid", "BTC")
    assert (first["amount"]["value"], first["price"]["value"], first["spent"]["value"]) == ("1", "100", "100")
    assert first["date"] == "2026-11-18 11:06:40"
    for wrong in ({"order": oid, "type": "ask"}, {"order": "x", "type": "bid"}, {"order": oid.replace(oid[0], "0"), "type": "bid"}):
        assert await floor.error(alice, "generic/order/result", **wrong) == "Order not found"
    assert await floor.error(bob, "generic/order/result", type="bid", order=oid) == "Order not found"


async def test_own_trades(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "100", "1")
    await floor.order(bob, "ask", "100", "1")
    await floor.order(alice, "bid", "90", "1", "BTCEUR")
    await floor.order(bob, "ask", "90", "1", "BTCEUR")
    everything = await floor.returned(alice, "generic/private/trades")
    assert [(trade["price_currency"], trade["trade_type"]) for trade in everything] == [("USD", "bid"), ("EUR", "bid")]
    assert [trade["trade_type"] for trade in await floor.returned(bob, "generic/trades")] == ["ask", "ask"]
    assert await floor.returned(alice, "BTCEUR/private/trades") == everything[1:]


async def test_strangers_orders_are_not_found(floor: Floor, alice: Trader, bob: Trader) -> None:
    oid = await floor.order(alice, "bid", "100", "1")
    assert await floor.error(bob, "generic/order/cancel", oid=oid) == "Order not found"
    assert await floor.error(bob, "generic/order/cancel", oid="") == "Order not found"
    assert len(await floor.returned(alice, "generic/orders")) == 1


async def test_wallet_history_has_a_row_for_each_leg(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "97.969", "1")
    await floor.order(bob, "ask", "97.969", "0.5")
    page = await floor.returned(alice, "generic/wallet/history", currency="BTC")
    assert list(page) == ["records", "result", "current_page", "max_page", "max_results"]
    assert (page["records"], page["current_page"], page["max_page"], page["max_results"]) == ("3", 1, 1, 50)
    _fee, bought, deposit = page["result"]
    assert list(bought) == ["Index", "Date", "Type", "Value", "Balance", "Info", "Link", "Trade"]
    assert [row["Type"] for row in page["result"]] == ["fee", "in", "deposit"]
    assert [row["Value"]["value"] for row in page["result"]] == ["0.003", "0.5", "100"]
    assert [row["Balance"]["value"] for row in page["result"]] == ["100.497", "100.5", "100"]
    tid = bought["Trade"]["tid"]
    assert bought["Info"] == f"BTC bought: [tid:{tid}] 0.50000000\xa0BTC at $97.96900 (0.6% fee)"
    assert bought["Link"][1:] == ["Money_Trade", f"BTCUSD:{tid}"]
    assert list(bought["Trade"]) == ["oid", "app", "tid", "Amount", "Properties"]
    assert "Trade" not in deposit
    spent = (await floor.returned(alice, "generic/wallet/history", currency="USD", type="spent"))["result"]
    assert [(row["Type"], row["Value"]["value"], row["Balance"]["value"]) for row in spent] == [("spent", "48.9845", "99951.0155")]
    theirs = (await floor.returned(bob, "generic/wallet/history", currency="USD", trade_id=tid))["result"]
    assert [(row["Type"], row["Value"]["value"]) for row in theirs] == [("fee", "0.2939"), ("earned", "48.9845")]
    out = (await floor.returned(bob, "generic/wallet/history", currency="BTC", trade_id=tid))["result"]
    assert [(row["Type"], row["Value"]["value"]) for row in out] == [("out", "0.5")]


async def test_wallet_history_filters_and_pages(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.order(alice, "bid", "10", "100")
    floor.clock.now += SECOND
    for _ in range(30):
        await floor.order(bob, "ask", "10", "0.01")
    first = await floor.returned(alice, "generic/wallet/history", currency="BTC")
    second = await floor.returned(alice, "generic/wallet/history", currency="BTC", page=2)
    assert (first["records"], first["max_page"], len(first["result"]), len(second["result"])) == ("61", 2, 50, 11)
    indices = [int(row["Index"]) for row in first["result"] + second["result"]]
    assert indices == sorted(set(indices), reverse=True)
    assert (await floor.returned(alice, "generic/wallet/history", currency="BTC", type="fee"))["records"] == "30"
    until = await floor.returned(alice, "generic/wallet/history", currency="BTC", date_end=NOON // SECOND)
    assert [row["Type"] for row in until["result"]] == ["deposit"]
    later = await floor.returned(alice, "generic/wallet/history", currency="BTC", date_start="2026-11-18 11:06:41")
    assert later["records"] == "60"
    assert (await floor.returned(alice, "generic/wallet/history", currency="BTC", trade_id=5))["result"] == []
    for name, value in (
        ("currency", "XYZ"), ("type", "gift"), ("page", "x"), ("page", "0"), ("date_end", "9" * 19), ("date_start", "soon"),
        ("trade_id", "x"),
    ):  # fmt: skip
        assert f'"{name}"' in await floor.error(alice, "generic/wallet/history", **{"currency": "BTC", name: value})


async def test_bitcoin_address(floor: Floor, alice: Trader) -> None:
    first = await floor.returned(alice, "generic/bitcoin/address")
    assert list(first) == ["addr"]
    assert first["addr"].startswith("1")
    await ticks()
    assert await floor.returned(alice, "generic/private/bitcoin/address") == first
    floor.chain.simulate_deposit(first["addr"], "1.5")
    await floor.wallet.run_due(floor.clock.now)
    floor.sequencer.drain()
    assert await floor.returned(alice, "generic/bitcoin/address") != first


async def test_a_description_has_an_address_of_its_own(floor: Floor, alice: Trader, bob: Trader) -> None:
    plain = await floor.returned(alice, "generic/bitcoin/address")
    socks = await floor.returned(alice, "generic/bitcoin/address", description="socks")
    shoes = await floor.returned(alice, "generic/bitcoin/address", description="shoes")
    assert len({plain["addr"], socks["addr"], shoes["addr"]}) == 3
    assert await floor.returned(alice, "generic/bitcoin/address", description="socks") == socks
    assert await floor.returned(bob, "generic/bitcoin/address", description="socks") != socks
    floor.chain.simulate_deposit(socks["addr"], "1")
    await floor.wallet.run_due(floor.clock.now)
    floor.sequencer.drain()
    assert await floor.returned(alice, "generic/bitcoin/address", description="shoes") == shoes
    assert await floor.returned(alice, "generic/bitcoin/address", description="socks") != socks
    assert await floor.returned(alice, "generic/bitcoin/address") == plain
    assert "too long" in await floor.error(alice, "generic/bitcoin/address", description="x" * 3001)


async def test_send_simple(floor: Floor, alice: Trader) -> None:
    address = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
    sent = await floor.returned(
        alice, "generic/bitcoin/send_simple", address=address, amount_int="20000000.0", fee_int=0, no_instant="true", green=""
    )
    assert list(sent) == ["trx"]
    assert floor.available(alice, "BTC") == "99.8"
    errors = [
        ({"address": "nowhere"}, "this is not an address of the asset's network"),
        ({"amount_int": "0"}, 'Invalid parameter "amount_int" (should be a whole number above zero)'),
        ({"amount_int": "99999999999999"}, "Insufficient funds: not enough BTC"),
        ({"fee_int": "1000001"}, 'Invalid parameter "fee_int" (at most 0.01 BTC)'),
    ]
    for wrong, error in errors:
        fields = {"address": address, "amount_int": "10000000", **wrong}
        assert await floor.error(alice, "generic/bitcoin/send_simple", **fields) == error
    assert len(floor.nonces(alice)) == 5


async def test_idkey(floor: Floor, alice: Trader) -> None:
    words = await floor.returned(alice, "generic/private/idkey")
    assert re.fullmatch(r"[0-9A-Za-z+/]{75}", words)


async def test_hotp_gen(floor: Floor, alice: Trader) -> None:
    import pyotp

    alone = await floor.public("generic/public/hotp_gen")
    assert list(alone) == ["name", "key"]
    hotp = floor.directory.hotp
    assert not hotp.verify(alice.user, pyotp.HOTP(alone["key"]).at(0))
    kept = await floor.returned(alice, "generic/security/hotp/gen")
    assert not hotp.active(alice.user)
    assert hotp.verify(alice.user, pyotp.HOTP(kept["key"]).at(0))
    assert hotp.active(alice.user)
    assert await floor.error(alice, "generic/hotp_gen") == "a key for one-time codes is already in use"
    assert len(floor.nonces(alice)) == 2


@pytest.mark.parametrize(
    ("scopes", "path", "right"),
    [
        ("trade deposit withdraw merchant", "generic/info", "get_info"),
        ("trade", "generic/idkey", "get_info"),
        ("trade", "generic/orders", "get_info"),
        ("trade", "generic/private/trades", "get_info"),
        ("trade", "generic/wallet/history", "get_info"),
        ("get_info", "BTCUSD/order/add", "trade"),
        ("get_info", "generic/order/cancel", "trade"),
        ("deposit", "generic/order/result", "get_info or trade"),
        ("get_info withdraw", "generic/bitcoin/address", "deposit"),
        ("get_info deposit", "generic/bitcoin/send_simple", "withdraw"),
        ("get_info trade deposit withdraw", "generic/merchant/order/create", "merchant"),
    ],
)
async def test_rights(floor: Floor, alice: Trader, scopes: str, path: str, right: str) -> None:
    caged = floor.keyed(alice.user, scopes=frozenset(scopes.split()))
    answer = await floor.call(caged, path, 403)
    assert answer == {"result": "error", "error": f"This key lacks the right: {right}", "token": "right_missing"}
    assert len(floor.nonces(caged)) == 1
