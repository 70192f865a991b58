"""What a client was told, read back from the replies that it got."""

from typing import Any

import pytest

from cambist.dialect_kit.reply_reading import Answer, RejectionCode
from cambist.dialects.native import build
from tests.dialects.native.floor import Floor, Trader

ORDER = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "100", "amount": "1"}


def reader(floor: Floor) -> Any:
    found = build(floor.services, floor.settings).reply_reader
    assert found is not None
    return found


async def sent(floor: Floor, trader: Trader, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
    reply = await floor.reply(trader, method, path, body)
    return Answer(path, b"", b"", reply.status, reply.content)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"market": "xyz_usd"}, RejectionCode.INVALID_FIELD),
        ({"price": "0.001"}, RejectionCode.BELOW_MINIMUM),
        ({"amount": "0.00001"}, RejectionCode.BELOW_MINIMUM),
        ({"price": "100.00001"}, RejectionCode.PRECISION),
        ({"price": "9999", "amount": "500"}, RejectionCode.INSUFFICIENT_FUNDS),
    ],
)
async def test_a_no_has_one_code(floor: Floor, alice: Trader, changed: dict[str, str], code: RejectionCode) -> None:
    rejection = reader(floor).rejection(await sent(floor, alice, "POST", "/orders", ORDER | changed))
    assert rejection is not None
    assert (rejection.code, bool(rejection.words)) == (code, True)


async def test_balances_and_orders_by_their_names(floor: Floor, alice: Trader) -> None:
    answer = await sent(floor, alice, "POST", "/orders", ORDER)
    assert reader(floor).rejection(answer) is None
    (order,) = floor.engine.open_orders(alice.user.account)
    assert reader(floor).order_text(order.order_id).encode() in answer.reply
    assert reader(floor).order_number(str(order.order_id)) == order.order_id
    assert reader(floor).order_number("x") is None
    stated = {each.asset: each for each in reader(floor).balances(await sent(floor, alice, "GET", "/balances"))}
    assert (stated["USD"].available, stated["USD"].total) == ("99900", "100000")


@pytest.mark.parametrize("reply", [b"", b"<html>", b'[{"asset":"B', b"[]", b"{}"])
async def test_what_is_no_reply_of_this_api_says_nothing(floor: Floor, reply: bytes) -> None:
    garbled = Answer("/cambist/v1/balances", b"", b"", 502, reply)
    assert reader(floor).rejection(garbled) is None
    assert list(reader(floor).balances(garbled)) == []
