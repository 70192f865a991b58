"""Every HTTP example of the reference: the same keys in the same order, the same types, and where a scene can make them the same values."""

import json
from typing import Any

import pytest

from tests.dialects.expie.floor import BUY, NOON, SECOND, SELL, Floor, Trader, same_shape

PLACED_AT = 1_517_801_276_820_693
PLACED = """{
    "deal_fee": "0",
    "ctime": 1517801276.820693,
    "maker_fee": "0.0006",
    "price": "0.154",
    "deal_stock": "0",
    "side": 1,
    "source": "expie.api.https",
    "amount": "0.02",
    "user": 100056,
    "mtime": 1517801276.820693,
    "deal_money": "0",
    "left": "0.02",
    "type": 1,
    "id": 2169,
    "market": "BCCBTC",
    "taker_fee": "0.0006"
}"""


def like(example: str, **known: Any) -> str:
    """The example with what no scene can reproduce (ids, users, sources of other programs) as it is here."""
    return json.dumps(json.loads(example) | known)


async def test_place_and_cancel(floor: Floor, alice: Trader) -> None:
    floor.clock.now = PLACED_AT
    body = b'{"side": 1, "amount": 0.02, "price": 0.154}'
    answer = await floor.http("POST", "/v1/markets/BCCBTC/orders", body, alice.token)
    expected = like(PLACED, id=1, user=alice.account)
    assert json.dumps(answer.json) == expected
    floor.pass_time(SECOND)
    cancelled = await floor.http("POST", "/v1/markets/BCCBTC/orders/1/_cancel", b"", alice.token)
    assert json.dumps(cancelled.json) == expected


async def test_pending(floor: Floor, alice: Trader) -> None:
    floor.clock.now = 1_517_580_449_685_034
    await floor.limit(alice, "BTGBTC", BUY, "30", "0.001254")
    example = """{
        "deal_fee": "0", "ctime": 1517580449.685034, "maker_fee": "0.001", "price": "0.001254", "deal_stock": "0", "side": 2,
        "source": "bitpie.client", "amount": "30", "user": 259285, "mtime": 1517580449.685034, "deal_money": "0", "left": "30",
        "type": 1, "id": 20321, "market": "BTGBTC", "taker_fee": "0.001"
    }"""
    answer = await floor.http("GET", "/v1/markets/BTGBTC/orders/_pending?limit=10&offset=0", b"", alice.token)
    record = like(example, id=1, user=alice.account, source="expie.api.https")
    assert json.dumps(answer.json) == f'{{"records": [{record}], "total": 1, "limit": 10, "offset": 0}}'


async def test_the_deals_of_an_order(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BTGBTC", BUY, "2", "0.015813")
    floor.clock.now = NOON + 1_037_182
    await floor.limit(bob, "BTGBTC", SELL, "1.0194", "0.01")
    example = """{
        "fee": "0.0010194", "deal": "0.0161197722", "price": "0.015813", "amount": "1.0194", "role": 1, "user": 259285,
        "time": 1517224387.037182, "deal_order_id": 13506, "id": 5288
    }"""
    answer = await floor.http("GET", "/v1/markets/BTGBTC/orders/1", b"", alice.token)
    record = like(example, id=1, user=alice.account, deal_order_id=2, time=(NOON + 1_037_182) / 1e6)
    assert json.dumps(answer.json) == f'{{"records": [{record}], "limit": 20, "offset": 0}}'
    other_side = (await floor.get("markets/BTGBTC/orders/2", bob))["records"][0]
    assert (other_side["role"], other_side["fee"], other_side["deal_order_id"]) == (2, "0.0000161197722", 1)


async def test_finished(floor: Floor, alice: Trader, bob: Trader) -> None:
    floor.immediate.set_account_fees(alice.account, 0, 0)
    floor.clock.now = 1_516_689_377_805_243
    await floor.limit(alice, "BCCBTC", SELL, "0.001", "0.151")
    floor.clock.now = 1_516_689_386_619_962
    await floor.limit(bob, "BCCBTC", BUY, "0.001", "0.151")
    example = """{
        "ctime": 1516689377.805243, "maker_fee": "0", "price": "0.151", "deal_fee": "0", "id": 187, "source": "bitpie.client",
        "amount": "0.001", "ftime": 1516689386.619962, "user": 116480, "deal_stock": "0.001", "deal_money": "0.000151", "type": 1,
        "side": 1, "market": "BCCBTC", "taker_fee": "0"
    }"""
    answer = await floor.http("GET", "/v1/markets/BCCBTC/orders/_finished?limit=10&offset=0", b"", alice.token)
    record = like(example, id=1, user=alice.account, source="expie.api.https")
    assert json.dumps(answer.json) == f'{{"records": [{record}], "limit": 10, "offset": 0}}'


async def test_markets(floor: Floor) -> None:
    example = """[
        {"name": "BCCBTC", "market_order_min_money": "0.001", "stock_precision": 4, "money": "BTC", "maker_fee_rate": 0,
         "order_min_vol": "0.001", "money_precision": 6, "market_order_enabled": false, "stock": "BCC",
         "enabled": true, "taker_fee_rate": 0},
        {"name": "BTGBTC", "market_order_min_money": "0.001", "stock_precision": 4, "money": "BTC", "maker_fee_rate": 0.001,
         "order_min_vol": "0.001", "money_precision": 6, "market_order_enabled": false, "stock": "BTG",
         "enabled": true, "taker_fee_rate": 0.001}
    ]"""
    first, second = json.loads(example)
    _bcc, btg, bcd, _btc = await floor.get("markets")
    assert json.dumps(bcd) == json.dumps(first | {"name": "BCDBTC", "stock": "BCD", "market_order_enabled": True})
    assert json.dumps(btg) == json.dumps(second | {"market_order_min_money": "0", "market_order_enabled": True})


async def test_depth(floor: Floor, alice: Trader) -> None:
    bids = [["0.133", "0.0069"], ["0.132", "1"], ["0.13", "1"], ["0.122508", "1.3"], ["0.122001", "1.2"], ["0.122", "1"],
            ["0.12", "0.6151"], ["0.111001", "5"], ["0.111", "3.1927"], ["0.1022", "50"]]  # fmt: skip
    asks = [["0.1363", "1.5"], ["0.139999", "1.5"], ["0.14", "3"], ["0.156", "5.9824"], ["0.16", "5.0397"], ["0.199999", "5"],
            ["0.2", "40.4095"], ["0.22", "1.7496"], ["0.25", "1.035"], ["0.33", "3.1"]]  # fmt: skip
    for side, levels in ((BUY, [*bids, ["0.1", "1"]]), (SELL, [*asks, ["0.4", "1"]])):
        for price, amount in levels:
            await floor.limit(alice, "BCCBTC", side, amount, price)
    answer = await floor.http("GET", "/v1/markets/BCCBTC/depth")
    assert json.dumps(answer.json) == json.dumps({"bids": bids, "asks": asks})


async def test_ticker(floor: Floor, alice: Trader, bob: Trader) -> None:
    for price in ("0.1345", "0.139999", "0.1345"):
        await floor.limit(alice, "BCCBTC", SELL, "1", price)
        await floor.limit(bob, "BCCBTC", BUY, "1", price)
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1363")
    await floor.limit(bob, "BCCBTC", BUY, "1", "0.134")
    await floor.caught_up()
    answer = await floor.http("GET", "/v1/markets/BCCBTC/ticker")
    assert answer.body == b'{"high":"0.139999","ask":"0.1363","bid":"0.134","last":"0.1345","low":"0.1345"}'


SUMMARY = """{
    "coin_code": "BTC", "available_amount": "0", "balance": "0", "ex_trading_amount": "0", "ex_trading_amount_str": "0",
    "pending_deposit_amount": "0", "ex_available": "0", "escrow_amount": "0", "min_deposit": "0.001", "pending_withdraw_amount": "0",
    "pending_deposit_amount_str": "0", "pending_withdraw_amount_str": "0", "ex_freeze_str": "0", "min_withdraw": "0.001",
    "escrow_amount_str": "0", "ex_available_str": "0", "available_amount_str": "0", "ex_freeze": "0", "balance_str": "0"
}"""


async def test_balance_summary(floor: Floor, alice: Trader) -> None:
    poor = floor.trader("poor")
    rows = await floor.get("balance/summary", poor)
    assert [row["coin_code"] for row in rows] == ["BTC", "BCC", "BTG", "BCD", "USD"]
    assert json.dumps(rows[0]) == like(SUMMARY, min_deposit="0.00000001", min_withdraw="0.00000001")
    await floor.limit(alice, "BCCBTC", BUY, "10", "0.1")
    btc = (await floor.get("balance/summary", alice))[0]
    same_shape(btc, json.loads(SUMMARY))
    shown = {name: value for name, value in btc.items() if value != "0"}
    assert shown == {
        "coin_code": "BTC",
        "available_amount": "99",
        "available_amount_str": "99",
        "balance": "100",
        "balance_str": "100",
        "ex_available": "99",
        "ex_available_str": "99",
        "ex_freeze": "1",
        "ex_freeze_str": "1",
        "ex_trading_amount": "1",
        "ex_trading_amount_str": "1",
        "min_deposit": "0.00000001",
        "min_withdraw": "0.00000001",
    }


async def test_balance_history(floor: Floor) -> None:
    carol = floor.trader("carol")
    floor.clock.now = 1_517_749_197_094_249
    floor.fund(carol.account, "BCC", "0.1")
    floor.clock.now = 1_517_749_392_541_296
    floor.fund(carol.account, "BCC", "0.9")
    example = """{
        "records": [
            {"business": "deposit", "detail": {"timestamp_action_id": 1517749392, "id": 85130}, "asset": "BCC",
             "time": 1517749392.541296, "balance": "1", "change": "0.9"},
            {"business": "deposit", "detail": {"timestamp_action_id": 1517749197, "id": 85128}, "asset": "BCC",
             "time": 1517749197.094249, "balance": "0.1", "change": "0.1"}
        ],
        "limit": 10,
        "offset": 0
    }"""
    expected = json.loads(example)
    answer = await floor.get("balance/history?coin_code=BCC&limit=10&offset=0", carol)
    for record, found in zip(expected["records"], answer["records"], strict=True):
        record["detail"]["id"] = found["detail"]["id"]
    assert json.dumps(answer) == json.dumps(expected)


@pytest.mark.parametrize("spelling", ["Bearer {}", "Bearer{}", "bearer {}", "BEARER   {}"])
async def test_the_samples_of_the_reference(floor: Floor, alice: Trader, spelling: str) -> None:
    for headers in ({"authorization": spelling.format(alice.token)}, {"access_token": alice.token}):
        answer = await floor.http("GET", "/v1/balance/summary", **headers)
        assert answer.status == 200
    assert (await floor.http("GET", "/v1/markets", authorization=spelling.format(alice.token))).status == 200


async def test_a_body_may_be_json_a_form_or_the_query(floor: Floor, alice: Trader) -> None:
    floor.clock.now = PLACED_AT
    path, token = "/v1/markets/bccbtc/orders", alice.token
    answers = [
        await floor.http("POST", path, b'{"side":1,"amount":"0.02","price":"0.154"}', token),
        await floor.http("POST", path, b'{"side":"1","amount":0.02,"price":0.154}', token, content_type="application/json"),
        await floor.http("POST", path, b"side=1&amount=0.02&price=0.154", token, content_type="application/x-www-form-urlencoded"),
        await floor.http("POST", path + "?side=1&amount=2e-2&price=.154", b"", token),
        await floor.http("POST", path + "?side=2&amount=0.02", b"price=0.154&side=1", token),
    ]
    assert [like(answer.body.decode(), id=1) for answer in answers] == [like(PLACED, id=1, user=alice.account)] * 5
