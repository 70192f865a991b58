"""Every example of both reference documents: the request as printed there, an answer of the printed shape.

Shapes are compared key for key, in order, and type for type. `...` (or `# etc`) in a document stands for more of the same, so
objects of funds and lists are compared by their first entries. A number without a point may stand where the document has one with
a point and the other way round, as in `"amount":12.345` and `"amount":1`: both documents do that themselves.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cambist.wallet import WalletRejection
from tests.dialects.btce_wex.floor import Floor, Trader

FUNDS = {"usd": 325, "btc": 23.998, "ltc": 0}
ADDRESS = "1BARCQAEjxqp1sKneiFtBVTZzhTHBTYcN5"

GET_INFO = {
    "funds": FUNDS,
    "rights": {"info": 1, "trade": 0, "withdraw": 0},
    "transaction_count": 0,
    "open_orders": 1,
    "server_time": 1342123547,
}
TRADE = {"received": 0.1, "remains": 0, "order_id": 0, "funds": FUNDS}
ACTIVE_ORDERS = {
    "343152": {"pair": "btc_usd", "type": "sell", "amount": 12.345, "rate": 485, "timestamp_created": 1342448420, "status": 0},
}
ORDER_INFO = {
    "343152": {
        "pair": "btc_usd",
        "type": "sell",
        "start_amount": 13.345,
        "amount": 12.345,
        "rate": 485,
        "timestamp_created": 1342448420,
        "status": 0,
    },
}
CANCEL_ORDER = {"order_id": 343154, "funds": FUNDS}
CANCEL_ORDERS = {"cancel_result": {"1300": {"success": 1}, "1301": {"success": 0, "error": "invalid status"}}, "funds": FUNDS}
TRADE_HISTORY = {
    "166830": {
        "pair": "btc_usd",
        "type": "sell",
        "amount": 1,
        "rate": 450,
        "order_id": 343148,
        "is_your_order": 1,
        "timestamp": 1342445793,
    },
}
TRANS_HISTORY = {
    "1081672": {"type": 1, "amount": 1.0, "currency": "BTC", "desc": "BTC Payment", "status": 2, "timestamp": 1342448420},
}
COIN_DEPOSIT_ADDRESS = {"address": ADDRESS}
WITHDRAW_COIN = {"tId": 37832629, "amountSent": 0.009, "funds": FUNDS}
CREATE_COUPON_BTCE = {"coupon": "BTCE-USD-69AA4BBX-1UAZ32BP-LKBR0QZT-X5AENVNF-WNZHNQDZ", "transID": 37832629, "funds": FUNDS}
CREATE_COUPON_WEX = {"coupon": "WEXUSD69AA4BBX1UAZ32BPLKBR0QZTX5AENVNFWNZHNQDZ", "transID": 37832629, "funds": FUNDS}
REDEEM_COUPON = {"couponAmount": "1", "couponCurrency": "USD", "transID": 37832629, "funds": FUNDS}

Setting = Callable[[Floor, Trader, Trader], Awaitable[dict[str, str]]]
"""Makes what the example speaks of; returns what stands in the request for `343152`, `WEXUSD...` and the like."""


def shape(value: Any) -> Any:
    """What a reader relies on: keys in order, and the JSON type of everything. An object keyed by ids has the shape of its first."""
    if isinstance(value, dict):
        if value and all(key.isdigit() for key in value):
            return {"<id>": shape(next(iter(value.values())))}
        return [(key, "funds" if key == "funds" else shape(item)) for key, item in value.items()]
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


async def nothing(_floor: Floor, _alice: Trader, _bob: Trader) -> dict[str, str]:
    return {}


async def bids(floor: Floor, _alice: Trader, bob: Trader) -> dict[str, str]:
    await floor.returned(bob, "Trade", pair="btc_usd", type="buy", rate="7566.351", amount="1.4")
    return {}


async def partly_sold(floor: Floor, alice: Trader, bob: Trader) -> dict[str, str]:
    order = (await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="485", amount="13.345"))["order_id"]
    await floor.returned(bob, "Trade", pair="btc_usd", type="buy", rate="485", amount="1")
    return {"343152": str(order), "343154": str(order)}


async def two_orders(floor: Floor, alice: Trader, _bob: Trader) -> dict[str, str]:
    live, done = [(await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="485", amount="1"))["order_id"] for _ in range(2)]
    await floor.returned(alice, "CancelOrder", order_id=done)
    return {"1300,1301": f"{live},{done}"}


async def address(floor: Floor, alice: Trader, _bob: Trader) -> dict[str, str]:
    btc = floor.catalogue.assets.by_code("BTC")
    assert btc is not None
    assert not isinstance(await floor.wallet.new_address(alice.account, btc.id), WalletRejection)
    return {}


async def somewhere(floor: Floor, _alice: Trader, bob: Trader) -> dict[str, str]:
    btc = floor.catalogue.assets.by_code("BTC")
    assert btc is not None
    return {"1BARCQAEjxqp1sK...eiFtBVTZzhTHBTYcN5": str(await floor.wallet.new_address(bob.account, btc.id))}


async def receiver(floor: Floor, _alice: Trader, _bob: Trader) -> dict[str, str]:
    floor.trader("admin")
    return {}


async def coupon(floor: Floor, _alice: Trader, bob: Trader) -> dict[str, str]:
    code = (await floor.returned(bob, "CreateCoupon", currency="USD", amount="1"))["coupon"]
    return {"WEXUSD...NZHNQDZ": code, "BTCE-USD...": code}


# The request's body as WEX prints it (BTC-e prints parameters only), the printed `return`.
EXAMPLES = [
    ("method=getInfo&nonce=$NONCE", nothing, GET_INFO),
    ("method=Trade&nonce=$NONCE&pair=btc_usd&type=sell&rate=7566.351&amount=1.4", bids, TRADE),
    ("method=ActiveOrders&nonce=$NONCE&pair=btc_usd", partly_sold, ACTIVE_ORDERS),
    ("method=ActiveOrders&nonce=$NONCE", partly_sold, ACTIVE_ORDERS),
    ("method=OrderInfo&nonce=$NONCE&order_id=343152", partly_sold, ORDER_INFO),
    ("method=CancelOrder&nonce=$NONCE&order_id=343154", partly_sold, CANCEL_ORDER),
    ("method=CancelOrders&nonce=$NONCE&order_id=1300,1301", two_orders, CANCEL_ORDERS),
    ("method=TradeHistory&nonce=$NONCE&pair=btc_usd", partly_sold, TRADE_HISTORY),
    ("method=TransHistory&nonce=$NONCE", nothing, TRANS_HISTORY),
    ("method=CoinDepositAddress&nonce=$NONCE&coinName=BTC", address, COIN_DEPOSIT_ADDRESS),
    ("method=WithdrawCoin&nonce=$NONCE&coinName=BTC&amount=0.31&address=1BARCQAEjxqp1sK...eiFtBVTZzhTHBTYcN5", somewhere, WITHDRAW_COIN),
    ("method=CreateCoupon&nonce=$NONCE&currency=USD&amount=1", nothing, CREATE_COUPON_BTCE),
    ("method=CreateCoupon&nonce=$NONCE&coinName=BTC&amount=0.11&receiver=admin", receiver, CREATE_COUPON_WEX),
    ("method=RedeemCoupon&nonce=$NONCE&coupon=WEXUSD...NZHNQDZ", coupon, REDEEM_COUPON),
    ("method=RedeemCoupon&nonce=$NONCE&coupon=BTCE-USD...", coupon, REDEEM_COUPON),
]


@pytest.mark.parametrize(("body", "setting", "printed"), EXAMPLES)
@pytest.mark.parametrize("dialect", ["btce", "wex"])
async def test_an_example(floor: Floor, bob: Trader, dialect: str, body: str, setting: Setting, printed: dict[str, Any]) -> None:
    alice = floor.trader("alice", dialect, BTC="100", USD="100000")
    for text, actual in (await setting(floor, alice, bob)).items():
        body = body.replace(text, actual)
    answer = await floor.post(alice, body.replace("$NONCE", "123456").encode())
    assert list(answer) == ["success", "return"]
    assert answer["success"] == 1
    assert shape(answer["return"]) == shape(printed)
    assert floor.replies[-1] == as_sent(json.loads(floor.replies[-1], parse_float=Exact, parse_int=Exact)).encode()
    if "funds" in printed:
        funds = answer["return"]["funds"]
        assert list(funds)[:3] == list(FUNDS)
        assert all(isinstance(amount, int | float) for amount in funds.values())


class Exact(str):
    """A number's text as it was sent."""


def as_sent(value: Any) -> str:
    """Compact JSON of a decoded answer: what the reply must be byte for byte, so there are no blanks and no doubled keys."""
    if isinstance(value, Exact):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{as_sent(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_sent, value)) + "]"
    return json.dumps(value)


async def test_the_nonce_example(floor: Floor, alice: Trader) -> None:
    """1 - 2 - 10 - 10 (an error, equal) - 11 - 9 (an error, smaller)."""
    answers = [(await floor.post(alice, b"method=getInfo&nonce=%d" % nonce))["success"] for nonce in (1, 2, 10, 10, 11, 9)]
    assert answers == [1, 1, 1, 0, 1, 0]


async def test_the_shape_of_errors(floor: Floor, alice: Trader) -> None:
    await floor.call(alice, "nothing")
    assert floor.replies[-1] == b'{"success":0,"error":"invalid method"}'


async def test_a_sell_at_a_tenth_is_a_market_order(floor: Floor, alice: Trader, bob: Trader) -> None:
    """ "Using rate=0.1 you can sell at the best market price." """
    for rate in ("90", "110", "100"):
        await floor.returned(bob, "Trade", pair="btc_usd", type="buy", rate=rate, amount="1")
    answer = await floor.returned(alice, "Trade", pair="btc_usd", type="sell", rate="0.1", amount="2.5")
    assert (answer["received"], answer["remains"], answer["order_id"]) == (2.5, 0, 0)
    assert answer["funds"]["usd"] == 100000 + (110 + 100 + 45) * 0.998


async def test_funds_leave_out_what_open_orders_hold(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="1000", amount="1")
    info = await floor.returned(alice, "getInfo")
    assert (info["funds"]["usd"], info["open_orders"]) == (99000, 1)
