"""`/api/0/<name>.php`: the oldest version, rewritten on the methods of v1. No envelope; lists of orders with small integers in them."""

import inspect
from collections.abc import Awaitable
from dataclasses import dataclass

import msgspec

from cambist import _core
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids, replies
from cambist.dialects.mtgox.account import Account
from cambist.dialects.mtgox.call import Call, Method, MethodGroup, Run
from cambist.dialects.mtgox.currencies import Currency
from cambist.dialects.mtgox.funds import Coins
from cambist.dialects.mtgox.market_data import Quotes
from cambist.dialects.mtgox.markets import Pair
from cambist.dialects.mtgox.orders import SIDE_OF, Orders, invalid_oid
from cambist.dialects.mtgox.parse import U64_MAX, form_fields
from cambist.dialects.mtgox.replies import Answer, Rejection, Result, invalid, number, wrapped
from cambist.dialects.mtgox.rest_handler import Dispatcher
from cambist.domain.orders import Side

TRADES_AT_ONCE = 100
SELL, BUY = 1, 2
"""`type` of an order."""
ACTIVE, UNCOVERED = 1, 2
"""`status` of an order."""


@dataclass(frozen=True, slots=True)
class Files:
    """The parts of v1 that v0 rests on."""

    quotes: Quotes
    account: Account
    orders: Orders
    coins: Coins


class Version0(MethodGroup):
    """The handler of all of it; the route's pattern has the group `name`."""

    def __init__(self, dispatcher: Dispatcher, files: Files) -> None:
        super().__init__(dispatcher.context)
        self._dispatcher = dispatcher
        self._files = files
        quotes = files.quotes
        self._table = {
            "data/ticker": Method(quotes.v0_ticker, needs_pair=True),
            "ticker": Method(quotes.v0_ticker, needs_pair=True),
            "data/getDepth": Method(quotes.depth_pairs, needs_pair=True),
            "data/getTrades": Method(lambda call: quotes.some_trades(call, TRADES_AT_ONCE), needs_pair=True),
            "info": Method(files.account.info, ("get_info",)),
            "getFunds": Method(self.funds, ("get_info",)),
            "getOrders": Method(self.orders, ("get_info",)),
            "buyBTC": Method(self._placing("bid"), ("trade",), needs_pair=True),
            "sellBTC": Method(self._placing("ask"), ("trade",), needs_pair=True),
            "cancelOrder": Method(self.cancel, ("trade",)),
            "withdraw": Method(self.withdraw, ("withdraw",)),
        }

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        result = self._answer(request)
        if inspect.isawaitable(result):
            return self._later(result)
        return wrapped(result, "")

    async def _later(self, result: Awaitable[Result]) -> Reply:
        return wrapped(await result, "")

    def _answer(self, request: Request) -> Result | Awaitable[Result]:
        if not request.headers.get(b"user-agent", b"").strip():
            return replies.NO_USER_AGENT
        assert request.match is not None
        method = self._table.get(request.match["name"])
        if method is None:
            return replies.NO_METHOD
        base_url = self.context.base_url(request)
        if not method.rights:
            fields = {**form_fields(request.query), **form_fields(request.body)}
            return self._dispatcher.run(method, Call(fields, self._pair(fields), base_url=base_url))
        caller = self._dispatcher.authenticator.admit(request, None)
        if isinstance(caller, Rejection):
            return caller
        return self._dispatcher.run(method, Call(caller.fields, self._pair(caller.fields), caller, base_url))

    def _pair(self, fields: dict[str, str]) -> Pair | None:
        """BTC in the currency of the field `Currency`, USD without it."""
        return self.listing.find("BTC" + (fields.get("Currency") or fields.get("currency") or "USD"))

    # --- the account ------------------------------------------------------------------------------------------------------

    def _funds(self, account: int) -> dict[str, object]:
        funds: dict[str, object] = {}
        for code in ("USD", "BTC"):
            currency = self.listing.currency(code)
            if currency is not None:
                funds[f"{code.lower()}s"] = _whole_wallet(currency, self.view.balance(account, currency.asset))
        return funds

    def funds(self, call: Call) -> Answer:
        """`{"usds":...,"btcs":...}`: everything that is in the two wallets."""
        return self._funds(call.signed.account)

    def orders(self, call: Call) -> Answer:
        """The two wallets, and the open orders with their amounts as JSON numbers; behind them those that were not covered."""
        account = call.signed.account
        listed = []
        for order in self.view.open_orders(account):
            pair = self.listing.of_market(order.market)
            if pair is not None:
                status, price = "stop" if order.waiting else "open", order.price or order.stop_price
                oid = ids.make(ids.ORDER, order.order_id)
                listed.append(_order(pair, oid, order.side, order.remaining, price, status, order.created))
        for refused in self._files.orders.invalids.of(account):
            oid, amount = invalid_oid(refused), refused.amount
            listed.append(_order(refused.pair, oid, refused.side, amount, refused.price, "invalid", refused.created))
        return {**self._funds(account), "orders": listed}

    # --- placing and cancelling -------------------------------------------------------------------------------------------

    def _placing(self, side: str) -> Run:
        """`buyBTC` or `sellBTC`: amount and price as decimals, no price for a market order."""

        def place(call: Call) -> Answer:
            pair = call.pair
            assert pair is not None
            amount = _core.client_units(call.text("amount"), pair.amount_scale)
            if not amount or amount > U64_MAX:
                return invalid("amount", f"should be above zero, with at most {pair.amount_scale} decimals")
            price = _core.client_units(call.text("price"), pair.price_scale) if call.text("price") else 0
            if price is None or price > U64_MAX:
                return invalid("price", f"at most {pair.price_scale} decimals")
            placed = self._files.orders.place(call, pair, SIDE_OF[side], price, amount)
            if isinstance(placed, Rejection):
                return placed
            listed = self.orders(call)
            assert isinstance(listed, dict)
            return {"status": "Your order has been placed.", "oid": placed, **listed}

        return place

    def cancel(self, call: Call) -> Answer:
        """By `oid`; `type` is not looked at, since a whole library sends the wrong one. Answers what is open then."""
        cancelled = self._files.orders.cancel(call)
        return cancelled if isinstance(cancelled, Rejection) else self.orders(call)

    def withdraw(self, call: Call) -> Answer:
        """`group1=BTC`, `btca` the address, `amount` in coins."""
        if call.text("group1") != "BTC":
            return invalid("group1", "should be BTC")
        call.fields = {**call.fields, "address": call.text("btca"), "amount_int": "", "fee_int": ""}
        sent = self._files.coins.send_simple(call)
        return self._withdrawn_later(sent) if inspect.isawaitable(sent) else _withdrawn(sent)

    async def _withdrawn_later(self, sent: Awaitable[Result]) -> Result:
        return _withdrawn(await sent)


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
