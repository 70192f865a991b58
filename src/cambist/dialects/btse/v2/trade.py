"""v2's endpoints for the owner of a key: account, order, pending, fills, deleteOrder."""

from collections.abc import Awaitable
from typing import Any

from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.cancels import OrderChanges
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.entry import SIDES, OrderEntry, OrderRequest
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.ids import ORDER_IDS, TRADE_IDS
from cambist.dialects.btse.records import TIF_WORDS, OrderRecord, OrderRecords
from cambist.dialects.btse.render import calendar, encode, millis, number
from cambist.dialects.btse.settings import Flavour
from cambist.dialects.btse.status import GENERIC, SIDE_NAMES, TYPE_NAMES, Status, mode_of, type_number
from cambist.dialects.btse.symbols import Market, shown
from cambist.domain.orders import DoneReason, OrderType, SelfTrade, Side
from cambist.domain.units import AccountId
from cambist.history.port import Page
from cambist.history.records import Fill

TYPES = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
STOPPED = {OrderType.LIMIT: OrderType.STOP_LIMIT, OrderType.MARKET: OrderType.STOP_MARKET}
STOP_WORDS = {"STOP": None, "LOSS": Side.SELL, "ENTRY": Side.BUY, "TRUE": None}
"""`stop` was never documented: its words on APIs of that time, and the side on which each waits for the price to move against the order
(None: either); on the other side it takes a profit."""
SELF_TRADE_WORDS = {
    "": SelfTrade.MARKET_DEFAULT,
    "ALLOW": SelfTrade.ALLOW,
    "CN": SelfTrade.CANCEL_NEWEST,
    "CANCEL_NEWEST": SelfTrade.CANCEL_NEWEST,
    "CO": SelfTrade.CANCEL_OLDEST,
    "CANCEL_OLDEST": SelfTrade.CANCEL_OLDEST,
    "CB": SelfTrade.CANCEL_BOTH,
    "CANCEL_BOTH": SelfTrade.CANCEL_BOTH,
}
DEFAULT_FILLS, MAX_FILLS = 100, 500


def force(fields: Fields) -> str:
    """The time in force, GTC when none is given; noted as wrong when there is no such word."""
    word = fields.word("time_in_force", default="GTC")
    if word not in TIF_WORDS:
        fields.refuse(errors.invalid("time_in_force"))
        return "GTC"
    return word


class V2Trade:
    """What a key may do in v2."""

    def __init__(self, context: DialectContext, records: OrderRecords, entry: OrderEntry, changes: OrderChanges) -> None:
        self._context = context
        self._symbols = context.symbols
        self._view = context.services.view
        self._records = records
        self._entry = entry
        self._changes = changes
        self._old = context.settings.v2_flavour is Flavour.V2_0

    def account(self, caller: Caller, _fields: Fields) -> bytes:
        """Every asset of the venue; `total` has what orders hold too."""
        rows = []
        for spec in self._symbols.assets():
            available, held = self._view.balance(caller.account, spec.id)
            rows.append({"available": shown(spec, available), "currency": spec.code, "total": shown(spec, available + held)})
        return encode(rows)

    async def order(self, caller: Caller, fields: Fields) -> Answer:
        """Places an order; its id is the whole answer."""
        request = self._request(fields)
        if isinstance(request, Rejection):
            return request
        placed = await self._entry.place(caller, request)
        return placed if isinstance(placed, Rejection) else order_reply(placed)

    def _request(self, fields: Fields) -> OrderRequest | Rejection:
        market = market_of(self._symbols, fields)
        if isinstance(market, Rejection):
            return fields.rejection or market
        side, kind = SIDES.get(fields.word("side")), TYPES.get(fields.word("type"))
        self_trade = SELF_TRADE_WORDS.get(fields.word("stp").replace("-", "_"))
        if side is None or kind is None or self_trade is None:
            return fields.rejection or errors.invalid("side" if side is None else "type" if kind is None else "stp")
        stop, stop_price = fields.word("stop"), fields.units("stop_price", market.price_scale)
        if stop and stop not in STOP_WORDS:
            return errors.invalid("stop")
        if stop and not stop_price:
            return fields.rejection or errors.missing("stop_price")
        request = OrderRequest(
            market,
            side,
            STOPPED[kind] if stop_price else kind,
            force(fields),
            price=fields.units("price", market.price_scale) if kind == OrderType.LIMIT else 0,
            amount=fields.units("amount", market.amount_scale),
            funds=fields.units("funds", market.quote.scale),
            stop_price=stop_price,
            post_only=fields.flag("post_only"),
            take_profit=STOP_WORDS.get(stop) not in (None, side),
            self_trade=self_trade,
            tag=fields.tag("tag", "client_oid") if fields.text("tag", "client_oid") != "0" else "",
        )
        return fields.checked("created_at", "id", "price", "status") or request

    async def pending(self, caller: Caller, fields: Fields) -> Answer:
        """Open orders, oldest first, of one market or of all; `amount` is what remains."""
        symbol = fields.text("symbol")
        market = self._symbols.find(symbol) if symbol else None
        if fields.checked("username") or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        records = await self._records.live(self._records.live_orders(caller.account, market))
        return encode([pending_row(record, in_words=self._old) for record in records])

    def fills(self, caller: Caller, fields: Fields) -> Answer | Awaitable[Answer]:
        """Trades of the account: of an order, of a market, or all. `after` and `before` are fill ids, both exclusive.

        Newest first; with `after` alone the oldest behind that id, in order, so that who asks on from the last one misses nothing.
        """
        order, symbol = fields.text("order_id", "orderID", "orderId"), fields.text("symbol")
        after, before = fields.whole("after"), fields.whole("before")
        limit = fields.whole("limit", MAX_FILLS)
        market = self._symbols.find(symbol) if symbol else None
        if fields.checked("username") or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        page = Page(
            first_id=after + 1 if after else None,
            last_id=before - 1 if before else None,
            limit=limit or DEFAULT_FILLS,
            newest_first=not (after and not before),
        )
        return self._fills(caller.account, page, order, market)

    async def _fills(self, account: AccountId, page: Page, order: str, market: Market | None) -> Answer:
        await self._context.history_caught_up()
        history = self._context.services.history
        if order:
            record = await self._records.find(account, order, "")
            if record is None or (market is not None and record.market.id != market.id):
                return errors.ORDER_UNKNOWN
            fills = await history.fills_of_order(record.id, page)
        else:
            fills = await history.fills(account, page, market=market.id if market else None)
        return encode([fill_row(self._symbols[fill.market], fill) for fill in fills])

    async def delete_order(self, caller: Caller, fields: Fields) -> Answer:
        """Cancels one order by id, all that bear a tag, or without either every order of the market."""
        uuid, tag, symbol = fields.text("order_id"), fields.tag("tag", "client_oid"), fields.text("symbol")
        market = self._symbols.find(symbol) if symbol else None
        if not (uuid or tag):
            fields.refuse_empty("order_id", "tag", "client_oid")
        if fields.checked("coin_name") or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        if uuid or tag:
            cancelled = await self._changes.cancel(caller, market, uuid, tag)
            if isinstance(cancelled, Rejection):
                return await self._not_there(caller, uuid, tag, cancelled)
            return self._results(cancelled)
        if market is None:
            return errors.SYMBOL_MISSING
        cancelled = await self._changes.cancel_all(caller, market)
        return cancelled if isinstance(cancelled, Rejection) else self._results(cancelled)

    async def _not_there(self, caller: Caller, uuid: str, tag: str, rejection: Rejection) -> Answer:
        """An order that is done says how: filled ones came too late, everything else is not there (any more)."""
        await caller.claim(self._context.services.commands)  # before anything is waited for: nobody else may use this request meanwhile
        record = await self._records.find(caller.account, uuid, tag)
        now = millis(self._context.services.clock())
        late = record is not None and record.reason == DoneReason.FILLED
        code = int(Status.ORDER_FULLY_TRANSACTED if late else Status.ORDER_NOTFOUND)
        message = "The order is fully transacted" if late else rejection.message
        if self._old:
            return encode({"code": code if late else GENERIC, "time": now})
        return encode([{"code": code, "data": {}, "msg": message, "success": False, "time": now}])

    def _results(self, records: list[OrderRecord]) -> bytes:
        now = millis(self._context.services.clock())
        if self._old:
            return encode({"code": int(Status.ORDER_CANCELLED), "time": now})
        return encode(
            [
                {
                    "code": int(Status.ORDER_CANCELLED),
                    "data": {"id": record.uuid, "symbol": record.market.symbol, "tag": record.tag},
                    "msg": "",
                    "success": True,
                    "time": now,
                }
                for record in records
            ]
        )


def order_reply(record: OrderRecord) -> bytes:
    """The whole answer to a new order."""
    return encode({"id": record.uuid})


def pending_row(record: OrderRecord, *, in_words: bool) -> dict[str, Any]:
    """An open order. Side and type are numbers of the enumeration, `in_words` of the 2.0 flavour words."""
    return {
        "amount": record.market.amount(record.remaining),
        "created_at": calendar(record.created),
        "id": record.uuid,
        "price": record.market.price(record.price),
        "symbol": record.market.symbol,
        "side": SIDE_NAMES[record.side] if in_words else int(mode_of(record.side)),
        "status": "STATUS_INACTIVE" if record.waiting else "STATUS_ACTIVE",
        "tag": record.tag,
        "type": TYPE_NAMES[record.type] if in_words else int(type_number(record.type)),
    }


def fill_row(market: Market, fill: Fill) -> dict[str, Any]:
    """An own trade."""
    return {
        "amount": market.amount(fill.amount),
        "created_at": calendar(fill.time),
        "fee": number(shown(market.fee_asset(fill.side), fill.fee)),
        "id": fill.id,
        "order_id": ORDER_IDS.text(fill.order_id),
        "price": market.price(fill.price),
        "symbol": market.symbol,
        "side": SIDE_NAMES[fill.side],
        "tag": fill.tag,
        "trade_id": TRADE_IDS.text(fill.id),
    }
