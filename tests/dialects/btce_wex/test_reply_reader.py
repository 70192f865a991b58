"""What a client was told, read back from the replies that it got."""

from typing import Any

import pytest

from cambist.dialect_kit.reply_reading import Answer, RejectionCode
from cambist.dialects.btce_wex import build
from tests.dialects.btce_wex.floor import Floor, Trader
from tests.support.json_texts import as_json


def reader(floor: Floor) -> Any:
    found = build(floor.services).reply_reader
    assert found is not None
    return found


def answer(reply: Any) -> Answer:
    return Answer("/tapi", b"", b"", 200, as_json(reply))


@pytest.mark.parametrize(
    ("method", "fields", "code"),
    [
        ("Nothing", {}, RejectionCode.METHOD_UNKNOWN),
        ("Trade", {"pair": "btc_usd", "type": "buy", "rate": "100.00001", "amount": "1"}, RejectionCode.INVALID_FIELD),
        ("Trade", {"pair": "btc_usd", "type": "buy", "rate": "0.01", "amount": "1"}, RejectionCode.BELOW_MINIMUM),
        ("Trade", {"pair": "btc_usd", "type": "buy", "rate": "100", "amount": "0.0001"}, RejectionCode.BELOW_MINIMUM),
        ("Trade", {"pair": "btc_usd", "type": "buy", "rate": "99999", "amount": "1"}, RejectionCode.ABOVE_MAXIMUM),
        ("Trade", {"pair": "btc_usd", "type": "buy", "rate": "9999", "amount": "100"}, RejectionCode.INSUFFICIENT_FUNDS),
        ("CancelOrder", {"order_id": "1000099"}, RejectionCode.ORDER_UNKNOWN),
        ("WithdrawCoin", {"coinName": "XYZ"}, RejectionCode.INVALID_FIELD),
    ],
)
async def test_a_no_has_one_code_however_it_is_worded(
    floor: Floor, alice: Trader, method: str, fields: dict[str, str], code: RejectionCode
) -> None:
    reply = await floor.call(alice, method, **fields)
    rejection = reader(floor).rejection(answer(reply))
    assert (rejection.code, rejection.words) == (code, reply["error"])


async def test_nonces_and_keys(floor: Floor, alice: Trader) -> None:
    await floor.call(alice, "getInfo")
    alice.nonce = 0
    assert reader(floor).rejection(answer(await floor.call(alice, "getInfo"))).code is RejectionCode.NONCE
    for headers in ({"sign": b"0"}, {"key": b"unknown"}):
        reply = await floor.post(alice, b"method=getInfo&nonce=9", **headers)
        assert reader(floor).rejection(answer(reply)).code is RejectionCode.AUTHENTICATION
    weak = floor.keyed(alice.user, scopes=frozenset({"info"}))
    assert reader(floor).rejection(answer(await floor.call(weak, "Trade"))).code is RejectionCode.PERMISSION


async def test_an_empty_list_is_no_rejection(floor: Floor, alice: Trader) -> None:
    reply = await floor.call(alice, "ActiveOrders")
    assert reply == {"success": 0, "error": "no orders"}
    assert reader(floor).rejection(answer(reply)) is None


async def test_funds_are_what_is_available(floor: Floor, alice: Trader) -> None:
    placed = await floor.call(alice, "Trade", pair="btc_usd", type="buy", rate="100.5", amount="1")
    stated = {each.asset: (each.available, each.total, each.digits) for each in reader(floor).balances(answer(placed))}
    assert stated["USD"] == ("99899.5", None, 8)
    assert stated["BTC"][0] == "100"
    assert reader(floor).balances(answer(await floor.call(alice, "OrderInfo", order_id=placed["return"]["order_id"]))) == []
    assert reader(floor).rejection(answer(placed)) is None


async def test_orders_are_called_as_the_api_calls_them(floor: Floor, alice: Trader) -> None:
    placed = await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="100", amount="1")
    ((number, _),) = floor.orders()
    assert reader(floor).order_text(number) == str(placed["order_id"])
    assert reader(floor).order_number(str(placed["order_id"])) == number
    assert reader(floor).order_number("x") is None


@pytest.mark.parametrize("reply", [b"", b"<html>", b'{"success":1,"retu', b"[]", b"{}"])
def test_what_is_no_reply_of_this_api_says_nothing(floor: Floor, reply: bytes) -> None:
    garbled = Answer("/tapi", b"", b"", 502, reply)
    assert reader(floor).rejection(garbled) is None
    assert list(reader(floor).balances(garbled)) == []
