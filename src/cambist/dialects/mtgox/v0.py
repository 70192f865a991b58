"""`/api/0/<name>.php`: the oldest version, rewritten on the methods of v1. No envelope; lists of orders with small integers in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids, replies
from cambist.dialects.mtgox.account import AccountMethods
from cambist.dialects.mtgox.bitcoin import BitcoinMethods
from cambist.dialects.mtgox.call import Call, Method, MethodGroup, Run
from cambist.dialects.mtgox.currencies import Currency
from cambist.dialects.mtgox.dispatcher import Dispatcher
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.invalid_orders import InvalidOrder
from cambist.dialects.mtgox.market_data import MarketDataMethods
from cambist.dialects.mtgox.orders import SIDE_OF, OrderMethods, invalid_oid, limit_price
from cambist.dialects.mtgox.parse import complaint, decimal_units, form_fields
from cambist.dialects.mtgox.replies import HTTP_METHODS, Answer, Rejection, Result, invalid, number, wrapped
from cambist.dialects.mtgox.rest_handler import misplaced
from cambist.domain.orders import Side
from cambist.domain.units import AccountId
from cambist.exchange.view import View

TRADES_AT_ONCE = 100
SELL, BUY = 1, 2
"""`type` of an order."""
ACTIVE, UNCOVERED = 1, 2
"""`status` of an order."""


@dataclass(frozen=True, slots=True)
class V1Methods:
    """The methods of v1 that v0 rests on."""

    market_data: MarketDataMethods
    account: AccountMethods
    orders: OrderMethods
    bitcoin: BitcoinMethods


class Version0(MethodGroup):
    """The handler of all of it; the route's pattern has the group `name`."""

    def __init__(self, dispatcher: Dispatcher, v1: V1Methods) -> None:
        super().__init__(dispatcher.context)
        self._dispatcher = dispatcher
        self._v1 = v1
        market_data = v1.market_data
        self._table = {
            "data/ticker": Method(market_data.v0_ticker, needs_pair=True),
            "ticker": Method(market_data.v0_ticker, needs_pair=True),
            "data/getDepth": Method(market_data.depth_pairs, needs_pair=True),
            "data/getTrades": Method(lambda call: market_data.some_trades(call, TRADES_AT_ONCE), needs_pair=True),
            "info": Method(v1.account.info, ("get_info",)),
            "getFunds": Method(self.funds, ("get_info",)),
            "getOrders": Method(self.orders, ("get_info",)),
            "buyBTC": Method(self._placing("bid"), ("trade",), needs_pair=True, commanding=True),
            "sellBTC": Method(self._placing("ask"), ("trade",), needs_pair=True, commanding=True),
            "cancelOrder": Method(self.cancel, ("trade",), commanding=True),
            "withdraw": Method(self.withdraw, ("withdraw",), commanding=True),
        }

    async def __call__(self, request: Request) -> Reply:
        return wrapped(await self._answer(request), "")

    async def _answer(self, request: Request) -> Result:
        if request.method not in HTTP_METHODS:
            return replies.WRONG_METHOD
        if not request.headers.get(b"user-agent", b"").strip():
            return replies.NO_USER_AGENT
        assert request.match is not None
        method = self._table.get(request.match["name"])
        if method is None:
            return replies.NO_METHOD
        base_url = self.context.base_url(request)
        if not method.rights:
            fields = {**form_fields(request.query), **form_fields(request.body)}
            return await self._dispatcher.run(method, Call(fields, self._pair(fields), base_url=base_url))
        caller = self._dispatcher.authenticator.admit(request, None)
        if isinstance(caller, Rejection):
            return caller
        outside = misplaced(form_fields(request.query)) if request.query else ()
        return await self._dispatcher.run(method, Call(caller.fields, self._pair(caller.fields), caller, base_url, outside))

    def _pair(self, fields: dict[str, str]) -> Pair | None:
        """BTC in the currency of the field `Currency`, USD without it."""
        return self.instruments.find("BTC" + (fields.get("Currency") or fields.get("currency") or "USD"))

    # --- the account ------------------------------------------------------------------------------------------------------

    def _funds(self, view: View, account: AccountId) -> dict[str, object]:
        funds: dict[str, object] = {}
        for code in ("USD", "BTC"):
            currency = self.instruments.currency(code)
            if currency is not None:
                funds[f"{code.lower()}s"] = _whole_wallet(currency, view.balance(account, currency.asset))
        return funds

    def funds(self, call: Call) -> Answer:
        """`{"usds":...,"btcs":...}`: everything that is in the two wallets."""
        return self._funds(self.view, call.signed.account)

    async def orders(self, call: Call) -> Result:
        """The two wallets, and the open orders with their amounts as JSON numbers; behind them those that were not covered."""
        account = call.signed.account
        await self._v1.orders.invalids.load(account)
        return self._with_invalid(self._account_state(self.view, account), self._v1.orders.invalids.of(account))

    def _account_state(self, view: View, account: AccountId) -> dict[str, Any]:
        """Wallets and open orders, without the invalid ones."""
        listed = []
        for order in view.open_orders(account):
            pair = self.instruments.of_market(order.market)
            if pair is not None:
                status, price = "stop" if order.waiting else "open", order.price or order.stop_price
                oid = ids.make(ids.ORDER, order.order_id)
                listed.append(_order(pair, oid, order.side, order.remaining, price, status, order.created))
        return {**self._funds(view, account), "orders": listed}

    def _with_invalid(self, state: dict[str, Any], invalids: Iterable[InvalidOrder]) -> dict[str, object]:
        entries: list[object] = [*state["orders"]]
        for order in invalids:
            pair = self.instruments.of_market(order.market)
            if pair is not None:
                entries.append(_order(pair, invalid_oid(order), order.side, order.amount, order.price, "invalid", order.created))
        return {**state, "orders": entries}

    # --- placing and cancelling -------------------------------------------------------------------------------------------

    def _placing(self, side: str) -> Run:
        """`buyBTC` or `sellBTC`: amount and price as decimals, no price for a market order."""

        async def place(call: Call) -> Result:
            pair, account = call.pair, call.signed.account
            assert pair is not None
            amount = decimal_units(call.text("amount"), pair.amount_scale)
            if not amount:
                return invalid("amount", "is not above zero" if amount == 0 else complaint(call.text("amount"), pair.amount_scale))
            price = limit_price(call, pair, SIDE_OF[side])
            if isinstance(price, Rejection):
                return price
            orders = self._v1.orders
            await orders.invalids.load(account)
            placed = await orders.place(call, pair, SIDE_OF[side], price, amount, read=lambda view: self._account_state(view, account))
            if isinstance(placed, Rejection):
                return placed
            invalids = {order.number: order for order in (*orders.invalids.of(account), placed.invalid) if order is not None}
            return {"status": "Your order has been placed.", "oid": placed.oid, **self._with_invalid(placed.read, invalids.values())}

        return place

    async def cancel(self, call: Call) -> Result:
        """By `oid`; `type` is not looked at, since a whole library sends the wrong one. Answers what is open then."""
        account, orders = call.signed.account, self._v1.orders
        await orders.invalids.load(account)
        cancelled = await orders.cancel_reading(call, read=lambda view: self._account_state(view, account))
        if isinstance(cancelled, Rejection):
            return cancelled
        state = cancelled.read if cancelled.read is not None else self._account_state(self.view, account)
        return self._with_invalid(state, [order for order in orders.invalids.of(account) if order != cancelled.invalid])

    async def withdraw(self, call: Call) -> Result:
        """`group1=BTC`, `btca` the address, `amount` in coins."""
        if call.text("group1") != "BTC":
            return invalid("group1", "should be BTC")
        call.fields = {**call.fields, "address": call.text("btca"), "amount_int": "", "fee_int": ""}
        return _withdrawn(await self._v1.bitcoin.send_simple(call))


def _withdrawn(sent: Result) -> Result:
    return sent if isinstance(sent, Rejection) else {"status": "Your withdrawal has been accepted.", "reference": sent["trx"]}


def _order(pair: Pair, oid: str, side: int, amount: int, price: int, status: str, created: int) -> dict[str, object]:
    return {
        "oid": oid,
        "currency": pair.currency.code,
        "item": pair.item.code,
        "type": BUY if side == Side.BUY else SELL,
        "status": UNCOVERED if status == "invalid" else ACTIVE,
        "real_status": status,
        "amount": number(amount, pair.amount_scale),
        "price": number(price, pair.price_scale),
        "date": created // SECOND,
        "dark": 0,
        "priority": str(created),
    }


def _whole_wallet(currency: Currency, balance: tuple[int, int]) -> msgspec.Raw:
    return number(currency.units(sum(balance)), currency.scale)
