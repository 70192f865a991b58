"""`POST /tapi`: authenticates, checks the right, runs the method, and sees to it that the nonce is journaled exactly once."""

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
from cambist.domain.meta import Meta
from cambist.history.port import HistoryError

Run = Callable[[Caller], bytes | Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Method:
    """A method and the right that its key needs."""

    right: str
    run: Run


def methods(context: DialectContext) -> dict[str, Method]:
    """Every method of the trade API by its name; names are compared exactly."""
    account, orders, views, histories, funds = Account(context), Orders(context), OrderViews(context), Histories(context), Funds(context)
    return {
        "getInfo": Method("info", account.get_info),
        "Trade": Method("trade", orders.trade),
        "ActiveOrders": Method("info", views.active_orders),
        "OrderList": Method("info", views.order_list),
        "OrderInfo": Method("info", views.order_info),
        "CancelOrder": Method("trade", orders.cancel_order),
        "CancelOrders": Method("trade", orders.cancel_orders),
        "TradeHistory": Method("info", histories.trade_history),
        "TransHistory": Method("info", histories.trans_history),
        "CoinDepositAddress": Method("info", funds.coin_deposit_address),
        "WithdrawCoin": Method("withdraw", funds.withdraw_coin),
        "CreateCoupon": Method("coupon", funds.create_coupon),
        "RedeemCoupon": Method("coupon", funds.redeem_coupon),
    }


class TradeApi:
    """The handler of `/tapi`."""

    def __init__(self, context: DialectContext) -> None:
        self._directory = context.services.directory
        self._exchange = context.services.exchange
        self._methods = methods(context)

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        caller = authenticate(self._directory, request)
        if isinstance(caller, str):
            return Reply(body=error_body(caller))
        method = self._methods.get(caller.fields.get("method", ""))
        if method is None:
            body: bytes | Awaitable[bytes] = error_body(errors.METHOD_INVALID)
        elif method.right not in caller.key.scopes:
            body = error_body(errors.no_permission(method.right))
        else:
            body = method.run(caller)
        if isinstance(body, bytes):
            if not caller.journaled:
                self._settle_nonce(caller)
            return Reply(body=body)
        return self._later(caller, body)

    async def _later(self, caller: Caller, body: Awaitable[bytes]) -> Reply:
        try:
            return Reply(body=await body)
        except HistoryError:
            # The writer of the histories stopped: trading goes on, what only histories know is not to be had.
            return Reply(body=error_body(errors.UNAVAILABLE))
        finally:
            self._settle_nonce(caller)

    def _settle_nonce(self, caller: Caller) -> None:
        """A nonce that no command took along gets a note, so that the request stays refused after a crash too."""
        if not caller.journaled:
            caller.journaled = True
            self._exchange.note(Meta(key_id=caller.key.id, nonce=caller.nonce))
