"""`POST /tapi`: authenticates, checks the right, runs the method."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.account import Account
from cambist.dialects.btce_wex.auth import Caller, authenticate
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.funds import Funds
from cambist.dialects.btce_wex.histories import Histories
from cambist.dialects.btce_wex.order_views import OrderViews
from cambist.dialects.btce_wex.orders import Orders
from cambist.exchange import NonceRejected
from cambist.history.port import HistoryError

Run = Callable[[Caller], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method, the right that its key needs, and whether its first command carries the nonce (as for the kit's `answered`)."""

    right: str
    run: Run
    commanding: bool = False


def methods(context: DialectContext) -> dict[str, Method]:
    """Every method of the trade API by its name; names are compared exactly."""
    account, orders, views, histories, funds = Account(context), Orders(context), OrderViews(context), Histories(context), Funds(context)
    return {
        "getInfo": Method("info", account.get_info),
        "Trade": Method("trade", orders.trade, commanding=True),
        "ActiveOrders": Method("info", views.active_orders),
        "OrderList": Method("info", views.order_list),
        "OrderInfo": Method("info", views.order_info),
        "CancelOrder": Method("trade", orders.cancel_order, commanding=True),
        "CancelOrders": Method("trade", orders.cancel_orders, commanding=True),
        "TradeHistory": Method("info", histories.trade_history),
        "TransHistory": Method("info", histories.trans_history),
        "CoinDepositAddress": Method("info", funds.coin_deposit_address),
        "WithdrawCoin": Method("withdraw", funds.withdraw_coin),
        "CreateCoupon": Method("coupon", funds.create_coupon, commanding=True),
        "RedeemCoupon": Method("coupon", funds.redeem_coupon),
    }


class TradeApi:
    """The handler of `/tapi`."""

    def __init__(self, context: DialectContext) -> None:
        self._directory = context.services.directory
        self._commands = context.services.commands
        self._methods = methods(context)

    async def __call__(self, request: Request) -> Reply:
        caller = authenticate(self._directory, request)
        if isinstance(caller, str):
            return Reply(body=error_body(caller))
        try:
            method = self._methods.get(caller.fields.get("method", ""))
            if method is not None and method.right in caller.key.scopes:
                # The kit's `answered`, written out: an order passes here, and each further call costs it something.
                if not method.commanding:
                    await caller.claim(self._commands)
                try:
                    return Reply(body=await method.run(caller))
                finally:
                    if not caller.carried:
                        await caller.claim(self._commands)
            await caller.claim(self._commands)
        except NonceRejected as rejection:
            return Reply(body=error_body(errors.invalid_nonce(rejection.last, caller.fields["nonce"])))
        except HistoryError:
            # History does not follow: trading goes on, what only history knows is not to be had.
            return Reply(body=error_body(errors.UNAVAILABLE))
        return Reply(body=error_body(errors.METHOD_INVALID if method is None else errors.no_permission(method.right)))
