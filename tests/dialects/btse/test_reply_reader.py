"""What a client was told, read back from the replies that it got, in each generation of the API."""

from typing import Any

import pytest

from cambist.dialect_kit.reply_reading import Answer, RejectionCode
from tests.dialects.btse.floor import V3, Floor, Trader

V2, V31, UNIFIED = "/spot/v2", "/spot/api/v3.1", "/spot/api/v3.3"
ORDER = {"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "100", "size": "1"}


def reader(floor: Floor) -> Any:
    found = floor.service.reply_reader
    assert found is not None
    return found


async def sent(floor: Floor, trader: Trader, method: str, path: str, fields: dict[str, Any]) -> Answer:
    reply = await floor.reply(trader, method, path, fields)
    return Answer(path, b"", b"", reply.status, reply.content)


@pytest.mark.parametrize("version", [V31, V3, UNIFIED])
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"symbol": "XYZ-USD"}, RejectionCode.INVALID_FIELD),
        ({"size": "0.00000001"}, RejectionCode.BELOW_MINIMUM),
        ({"size": "99999999"}, RejectionCode.ABOVE_MAXIMUM),
        ({"price": "9999", "size": "500"}, RejectionCode.INSUFFICIENT_FUNDS),
    ],
)
async def test_a_no_has_one_code_however_it_is_worded(
    floor: Floor, alice: Trader, version: str, changed: dict[str, str], code: RejectionCode
) -> None:
    rejection = reader(floor).rejection(await sent(floor, alice, "POST", f"{version}/order", ORDER | changed))
    assert rejection is not None
    assert (rejection.code, bool(rejection.words)) == (code, True)


async def test_a_cancel_of_nothing(floor: Floor, alice: Trader) -> None:
    answer = await sent(floor, alice, "DELETE", f"{V3}/order", {"symbol": "BTC-USD", "orderID": "x"})
    rejection = reader(floor).rejection(answer)
    assert rejection is not None
    assert rejection.code in (RejectionCode.ORDER_UNKNOWN, RejectionCode.INVALID_FIELD)


async def test_nonces_and_keys(floor: Floor, alice: Trader) -> None:
    wallet = f"{V3}/user/wallet"
    floor.nonce = lambda: 1  # type: ignore[method-assign]
    assert reader(floor).rejection(await sent(floor, alice, "GET", wallet, {})).code is RejectionCode.NONCE
    del floor.nonce
    weak = floor.keyed(alice.user, scopes=frozenset({"read"}))
    assert reader(floor).rejection(await sent(floor, weak, "POST", f"{V3}/order", ORDER)).code is RejectionCode.PERMISSION


@pytest.mark.parametrize("path", [f"{V3}/user/wallet", f"{V31}/user/wallet", "/public-api/wallet/v1/user/assets"])
async def test_a_wallet_says_what_is_there_and_what_can_be_spent(floor: Floor, alice: Trader, path: str) -> None:
    await floor.order(alice, side="BUY", price="100.5", size="2")
    stated = {each.asset: each for each in reader(floor).balances(await sent(floor, alice, "GET", path, {}))}
    assert (stated["USD"].available, stated["USD"].total, stated["USD"].digits) == ("99799", "100000", 8)
    assert stated["BTC"].available == "100"


async def test_orders_are_called_as_the_api_calls_them(floor: Floor, alice: Trader) -> None:
    placed = await floor.order(alice, side="BUY", price="100", size="2")
    (order,) = floor.engine.open_orders(alice.account)
    assert reader(floor).order_text(order.order_id) == placed["orderID"]
    assert reader(floor).order_number(placed["orderID"]) == order.order_id
    assert reader(floor).order_number("17") is None


async def test_what_was_done_is_no_rejection(floor: Floor, alice: Trader) -> None:
    assert reader(floor).rejection(await sent(floor, alice, "POST", f"{V3}/order", ORDER)) is None
    assert reader(floor).rejection(await sent(floor, alice, "GET", f"{V3}/user/open_orders", {"symbol": "BTC-USD"})) is None


@pytest.mark.parametrize("reply", [b"", b"<html>", b'[{"currency":"BT', b"[]", b"{}"])
def test_what_is_no_reply_of_this_api_says_nothing(floor: Floor, reply: bytes) -> None:
    garbled = Answer("/spot/api/v3.2/user/wallet", b"", b"", 502, reply)
    assert reader(floor).rejection(garbled) is None
    assert list(reader(floor).balances(garbled)) == []
