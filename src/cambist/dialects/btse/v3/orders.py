"""v3.1 and v3.2: placing, asking for, amending and cancelling orders."""

from cambist import _core
from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.cancels import Amendment, OrderChanges
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.entry import SIDES, OrderEntry, OrderRequest, PairRequest
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.records import TIF_WORDS, OrderRecord, OrderRecords
from cambist.dialects.btse.render import encode, millis
from cambist.dialects.btse.status import BUSINESS, Status
from cambist.dialects.btse.symbols import Market
from cambist.dialects.btse.v3.rows import Rows
from cambist.domain.orders import OrderType, Side

MAX_TIMEOUT_MS = 7 * 86_400_000
IDS = ("orderID", "orderId")
TAGS = ("clOrderID", "clOrderId")
"""Clients write both."""
PERCENT_SCALE = 4
"""A percentage with so many decimals is ppm."""
TX_TYPES = frozenset({"LIMIT", "MARKET", "STOP", "TRIGGER"})


def read_trail(fields: Fields, market: Market) -> tuple[int, bool] | None:
    """How far a stop stays behind the price: in the market's units of price, or (true) in ppm. None for an unknown `trailValueType`."""
    kind = fields.word("trailValueType", default="DISTANCE")
    scale = {"DISTANCE": market.price_scale, "PERCENTAGE": PERCENT_SCALE}.get(kind)
    return None if scale is None else (fields.units("trailValue", scale), kind == "PERCENTAGE")


class V3Orders:
    """What a key with the trading right may do to orders."""

    def __init__(self, context: DialectContext, records: OrderRecords, entry: OrderEntry, changes: OrderChanges, rows: Rows) -> None:
        self._write = rows
        self._context = context
        self._commands = context.services.commands
        self._symbols = context.symbols
        self._clock = context.services.clock
        self._records = records
        self._entry = entry
        self._changes = changes

    async def place(self, caller: Caller, fields: Fields) -> Answer:
        """One row for the order; what the exchange refuses for its own reasons is a row too, by its status."""
        request = self._request(fields)
        if isinstance(request, Rejection):
            return request
        if isinstance(request, PairRequest):
            legs = await self._entry.place_pair(caller, request)
            if isinstance(legs, Rejection):
                return self._rejected(legs, request.limit)
            return encode([self._write.order(leg, leg.status, millis(leg.created)) for leg in legs])
        placed = await self._entry.place(caller, request)
        if isinstance(placed, Rejection):
            return self._rejected(placed, request)
        return encode([self._write.order(placed, placed.status, millis(placed.created))])

    def _request(self, fields: Fields) -> OrderRequest | PairRequest | Rejection:
        market = market_of(self._symbols, fields)
        if isinstance(market, Rejection):
            return fields.rejection or market
        kind, side, tx_type = fields.word("type"), SIDES.get(fields.word("side")), fields.word("txType", default="LIMIT")
        unsupported = errors.NO_INDEX if kind in ("PEG", "INDEX") else None
        if unsupported or side is None or kind not in ("LIMIT", "MARKET", "OCO") or tx_type not in TX_TYPES:
            return (
                fields.rejection or unsupported or errors.invalid("side" if side is None else "type" if tx_type in TX_TYPES else "txType")
            )
        if fields.word("triggerPriceType", default="LAST_PRICE") != "LAST_PRICE":
            return fields.rejection or errors.NO_INDEX_TRIGGER
        if kind == "OCO":
            return self._pair(fields, market, side, tx_type)
        if fields.says("trailValue"):
            return self._trailing(fields, market, side, kind, tx_type)
        stop = tx_type in ("STOP", "TRIGGER")
        trigger = fields.units("triggerPrice", market.price_scale) if stop else 0
        if stop and not trigger:
            return fields.rejection or errors.missing("triggerPrice")
        tif = fields.word("time_in_force", "timeInForce", default="GTC")
        if tif not in TIF_WORDS:
            return errors.invalid("time_in_force")
        if kind == "LIMIT":
            order_type = OrderType.STOP_LIMIT if trigger else OrderType.LIMIT
            price, funds = fields.units("price", market.price_scale), 0
        else:
            order_type, price = OrderType.STOP_MARKET if trigger else OrderType.MARKET, 0
            funds = self._spending(fields, market, side, bool(trigger))
        amount = 0 if funds else fields.units("size", market.amount_scale)
        request = OrderRequest(
            market,
            side,
            order_type,
            tif,
            price=price,
            amount=amount,
            funds=funds,
            stop_price=trigger,
            post_only=fields.flag("postOnly", "post_only"),
            take_profit=tx_type == "TRIGGER",
            tag=fields.tag(*TAGS),
        )
        return fields.checked("price", "size", "stealth", "deviation") or request

    def _pair(self, fields: Fields, market: Market, side: Side, tx_type: str) -> PairRequest | Rejection:
        """`price` is the limit order's, `stopPrice` the stop's once `triggerPrice` is reached."""
        tif = fields.word("time_in_force", "timeInForce", default="GTC")
        price, amount = fields.units("price", market.price_scale), fields.units("size", market.amount_scale)
        trigger, stop_limit = fields.units("triggerPrice", market.price_scale), fields.units("stopPrice", market.price_scale)
        post_only, tag = fields.flag("postOnly", "post_only"), fields.tag(*TAGS)
        if fields.checked("stealth", "deviation") or tx_type != "LIMIT" or tif not in TIF_WORDS:
            return fields.rejection or errors.invalid("txType" if tx_type != "LIMIT" else "time_in_force")
        if not trigger or not stop_limit:
            return errors.missing("stopPrice" if trigger else "triggerPrice")
        limit = OrderRequest(market, side, OrderType.LIMIT, tif, price=price, amount=amount, post_only=post_only, tag=tag)
        return PairRequest(limit, trigger, stop_limit)

    def _trailing(self, fields: Fields, market: Market, side: Side, kind: str, tx_type: str) -> OrderRequest | Rejection:
        """A stop at market that follows the price; a buy names its money in `price`."""
        if kind != "MARKET" or tx_type != "STOP" or fields.says("triggerPrice"):
            return fields.rejection or errors.TRAILING_ONLY_AT_MARKET
        trail = read_trail(fields, market)
        if trail is None:
            return fields.rejection or errors.invalid("trailValueType")
        tif = fields.word("time_in_force", "timeInForce", default="GTC")
        funds = self._spending(fields, market, side, True)
        amount = 0 if funds else fields.units("size", market.amount_scale)
        tag = fields.tag(*TAGS)
        if fields.checked("price", "size", "stealth", "deviation") or tif not in TIF_WORDS:
            return fields.rejection or errors.invalid("time_in_force")
        value, by_ppm = trail
        return OrderRequest(
            market, side, OrderType.STOP_MARKET, tif, amount=amount, funds=funds, tag=tag, trail=value, trails_by_ppm=by_ppm
        )

    def _spending(self, fields: Fields, market: Market, side: Side, stop: bool) -> int:
        """Quote atoms that a market buy may spend: its `price`. A size goes first, except for a stop, which must hold its money."""
        if side != Side.BUY or (not stop and fields.units("size", market.amount_scale)):
            return 0
        return fields.units("price", market.quote.scale)

    def _rejected(self, rejection: Rejection, request: OrderRequest) -> Answer:
        if rejection.code not in BUSINESS:
            return rejection
        record = OrderRecord(
            0, _core.WORLD, request.market, request.side, request.type, 0, request.post_only, request.price, request.amount, request.funds,
            0, 0, request.stop_price, 0, request.tag, False, False, 0, self._clock(),
        )  # fmt: skip
        row = self._write.order(record, rejection.code, millis(record.created))
        return encode([{**row, "orderID": "", "message": rejection.message, "time_in_force": request.tif}])

    async def find(self, caller: Caller, fields: Fields) -> Answer:
        """One order, live or done, by `orderID` or else by `clOrderID`, of many with one the newest."""
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        if fields.checked("symbol") or not (uuid or tag):
            return fields.rejection or errors.missing("orderID or clOrderID")
        record = await self._records.find(caller.account, uuid, tag)
        return errors.ORDER_UNKNOWN if record is None else encode(self._write.detail(record))

    async def amend(self, caller: Caller, fields: Fields) -> Answer:
        """Changes price, size or trigger price; `size` is the new whole size, what is filled included."""
        market = market_of(self._symbols, fields)
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        if isinstance(market, Rejection) or not (uuid or tag):
            return fields.rejection or (market if isinstance(market, Rejection) else errors.missing("orderID or clOrderID"))
        change = self._amendment(fields, market)
        if isinstance(change, Rejection):
            return change
        # Of many orders with one client order id the newest is meant.
        orders = self._records.own_live(caller.account, market, uuid, tag)
        amended = await self._changes.amend(caller, orders[-1], change) if orders else errors.ORDER_UNKNOWN
        if isinstance(amended, Rejection):
            return self._unchanged(amended, market, uuid, tag)
        record, traded = amended
        status = record.status if traded else Status.AMEND_ORDER
        return encode([self._write.amended(record, status, millis(self._clock()), orders[-1].price)])

    def _amendment(self, fields: Fields, market: Market) -> Amendment | Rejection:
        kind = fields.word("type")
        price_scale, amount_scale = market.price_scale, market.amount_scale
        if kind == "PRICE":
            change = Amendment(price=fields.units("value", price_scale))
        elif kind == "SIZE":
            change = Amendment(amount=fields.units("value", amount_scale))
        elif kind == "TRIGGERPRICE":
            change = Amendment(stop_price=fields.units("value", price_scale))
        elif kind == "ALL":
            change = Amendment(
                fields.units("orderPrice", price_scale), fields.units("orderSize", amount_scale), fields.units("triggerPrice", price_scale)
            )
        else:
            return fields.rejection or errors.invalid("type")
        if change == Amendment():
            return fields.rejection or errors.missing("value")
        return fields.checked("slide") or change

    async def cancel(self, caller: Caller, fields: Fields) -> Answer:
        """Cancels one order by `orderID`, all that bear a `clOrderID`, or without either every order of the market; a row for each."""
        market = market_of(self._symbols, fields)
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        if not (uuid or tag):
            fields.refuse_empty(*IDS, *TAGS)
        if isinstance(market, Rejection) or fields.checked():
            return fields.rejection or (market if isinstance(market, Rejection) else errors.SYMBOL_UNKNOWN)
        if uuid or tag:
            cancelled = await self._changes.cancel(caller, market, uuid, tag)
            return self._unchanged(cancelled, market, uuid, tag) if isinstance(cancelled, Rejection) else self._rows(cancelled)
        cancelled = await self._changes.cancel_all(caller, market)
        return cancelled if isinstance(cancelled, Rejection) else self._rows(cancelled)

    def _unchanged(self, rejection: Rejection, market: Market, uuid: str, tag: str) -> Answer:
        """The row of an order that is not there, or that the exchange did not change."""
        if rejection.code not in BUSINESS:
            return rejection
        record = OrderRecord(0, _core.WORLD, market, 0, OrderType.LIMIT, 0, False, 0, 0, 0, 0, 0, 0, 0, tag, False, False, 0, self._clock())
        row = self._write.order(record, rejection.code, millis(record.created))
        return encode([{**row, "orderID": uuid[:64], "message": rejection.message}])

    def _rows(self, records: list[OrderRecord]) -> bytes:
        now = millis(self._clock())
        return encode([self._write.order(record, Status.ORDER_CANCELLED, now) for record in records])

    async def cancel_all_after(self, caller: Caller, fields: Fields) -> Answer:
        """Arms, moves or (with 0) takes back the account's dead man's switch. It is journaled: it survives a restart."""
        timeout = fields.whole("timeout")
        if fields.checked() or timeout is None or timeout > MAX_TIMEOUT_MS:
            return fields.rejection or (errors.missing("timeout") if timeout is None else errors.invalid("timeout"))
        due = self._context.deadline(timeout * 1_000) if timeout else 0
        done = await self._commands.cancel_after(caller.account, due, meta=caller.meta())
        return errors.of_core(done.outcome.code) if done.outcome.code else b"{}"
