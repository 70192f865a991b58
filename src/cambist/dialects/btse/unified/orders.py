"""`/spot/api/v4/trade`: orders of the unified API. Its order calls answer bare arrays, and what is refused is an error, never a row."""

from dataclasses import replace
from typing import Any

from cambist.dialects.btse import errors, windows
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.cancels import Amendment, OrderChanges
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.entry import SIDES, OrderEntry, OrderRequest, PairRequest
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.ids import ORDER_IDS, TRADE_IDS
from cambist.dialects.btse.records import TIF_WORDS, OrderRecord, OrderRecords
from cambist.dialects.btse.render import encode, millis, number
from cambist.dialects.btse.status import SIDE_NAMES, Status, type_number
from cambist.dialects.btse.symbols import Market, shown
from cambist.dialects.btse.unified.envelope import enveloped
from cambist.dialects.btse.v3.account import V3Account
from cambist.dialects.btse.v3.orders import V3Orders, read_trail
from cambist.dialects.btse.v3.rows import order_currency, order_size, sizes, trail_value, trigger_type
from cambist.domain.orders import OrderType, Side
from cambist.history.records import Fill

IDS = ("orderId", "orderID")
TAGS = ("clOrderId", "clOrderID")
TYPES = {"LIMIT": OrderType.LIMIT, "MARKET": OrderType.MARKET}
CONDITIONS = {
    "STOP_LOSS": (OrderType.STOP_MARKET, False),
    "STOP_LOSS_LIMIT": (OrderType.STOP_LIMIT, False),
    "TAKE_PROFIT": (OrderType.STOP_MARKET, True),
    "TAKE_PROFIT_LIMIT": (OrderType.STOP_LIMIT, True),
}
"""`triggerOrderType`: what the order becomes, and whether it takes a profit."""
UNSUPPORTED = {"PEG": errors.NO_INDEX, "TWAP": errors.NO_TWAP}
ALL_MARKETS = "ALL"


class UnifiedOrders:
    """What a key with the trading right may do; what is the same as in v3 is v3's."""

    def __init__(
        self,
        context: DialectContext,
        records: OrderRecords,
        entry: OrderEntry,
        changes: OrderChanges,
        orders: V3Orders,
        account: V3Account,
    ) -> None:
        self._context = context
        self._symbols = context.symbols
        self._clock = context.services.clock
        self._records = records
        self._entry = entry
        self._changes = changes
        self._orders = orders
        self._account = account

    # --- placing ----------------------------------------------------------------------------------------------------------

    async def place(self, caller: Caller, fields: Fields) -> Answer:
        """LIMIT and MARKET. Sizes are in base currency, but for a market buy, which names its money (`quoteOrderSize`)."""
        market, side = market_of(self._symbols, fields), SIDES.get(fields.word("orderSide"))
        kind = TYPES.get(fields.word("orderType"))
        if isinstance(market, Rejection):
            return market
        if side is None or kind is None:
            return fields.rejection or errors.invalid("orderSide" if side is None else "orderType")
        return await self._placed(caller, self._request(fields, market, side, kind, 0))

    async def place_algo(self, caller: Caller, fields: Fields) -> Answer:
        """CONDITIONAL orders, which stop a loss or take a profit; OCO pairs, and TRAILING stops."""
        market, side = market_of(self._symbols, fields), SIDES.get(fields.word("orderSide"))
        word, condition = fields.word("orderType"), fields.word("triggerOrderType")
        if isinstance(market, Rejection):
            return market
        if word in UNSUPPORTED:
            return UNSUPPORTED[word]
        if side is None or word not in ("CONDITIONAL", "OCO", "TRAILING"):
            return fields.rejection or errors.invalid("orderSide" if side is None else "orderType")
        if word == "OCO":
            return await self._pair_placed(caller, self._pair(fields, market, side))
        if word == "TRAILING":
            return await self._placed(caller, self._trailing(fields, market, side))
        known, trigger = CONDITIONS.get(condition), fields.units("triggerPrice", market.price_scale)
        if known is None or not trigger:
            return fields.rejection or (errors.invalid("triggerOrderType") if known is None else errors.missing("triggerPrice"))
        if fields.word("triggerPriceType", default="LAST_PRICE") != "LAST_PRICE":
            return errors.NO_INDEX_TRIGGER
        kind, take_profit = known
        return await self._placed(caller, self._request(fields, market, side, kind, trigger, take_profit))

    def _request(
        self, fields: Fields, market: Market, side: Side, kind: OrderType, trigger: int, take_profit: bool = False
    ) -> OrderRequest | Rejection:
        tif = fields.word("timeInForce", "time_in_force", default="GTC")
        if tif not in TIF_WORDS:
            return fields.rejection or errors.invalid("timeInForce")
        priced = kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        price = fields.units("orderPrice", market.price_scale) if priced else 0
        by_money = side == Side.BUY and not priced
        size = "quoteOrderSize" if by_money else "orderSize"
        amount = fields.units(size, market.quote.scale if by_money else market.amount_scale)
        post_only, tag = fields.flag("postOnly"), fields.tag(*TAGS)
        if fields.checked():
            return fields.rejection or errors.invalid(size)
        if not amount:
            return errors.missing(size)
        if priced and not price:
            return errors.missing("orderPrice")
        return OrderRequest(
            market,
            side,
            kind,
            tif,
            price=price,
            amount=0 if by_money else amount,
            funds=amount if by_money else 0,
            stop_price=trigger,
            post_only=post_only,
            take_profit=take_profit,
            tag=tag,
        )

    def _pair(self, fields: Fields, market: Market, side: Side) -> PairRequest | Rejection:
        if fields.word("stopLossTriggerPriceType", default="LAST_PRICE") != "LAST_PRICE":
            return fields.rejection or errors.NO_INDEX_TRIGGER
        tif = fields.word("timeInForce", "time_in_force", default="GTC")
        prices = [fields.units(name, market.price_scale) for name in ("takeProfitOrderPrice", "stopLossTriggerPrice", "stopLossOrderPrice")]
        amount, post_only, tag = fields.units("orderSize", market.amount_scale), fields.flag("postOnly"), fields.tag(*TAGS)
        if fields.checked() or tif not in TIF_WORDS:
            return fields.rejection or errors.invalid("timeInForce")
        price, trigger, stop_limit = prices
        if not (price and trigger and amount):
            return errors.missing("takeProfitOrderPrice" if not price else "orderSize" if trigger else "stopLossTriggerPrice")
        if side == Side.BUY and not stop_limit:
            return errors.missing("stopLossOrderPrice")
        limit = OrderRequest(market, side, OrderType.LIMIT, tif, price=price, amount=amount, post_only=post_only, tag=tag)
        return PairRequest(limit, trigger, stop_limit)

    async def _pair_placed(self, caller: Caller, request: PairRequest | Rejection) -> Answer:
        if isinstance(request, Rejection):
            return request
        legs = await self._entry.place_pair(caller, request)
        return legs if isinstance(legs, Rejection) else encode([order_row(leg, leg.status, millis(leg.created)) for leg in legs])

    def _trailing(self, fields: Fields, market: Market, side: Side) -> OrderRequest | Rejection:
        if fields.word("triggerPriceType", default="LAST_PRICE") != "LAST_PRICE":
            return fields.rejection or errors.NO_INDEX_TRIGGER
        trail = read_trail(fields, market)
        if trail is None or not trail[0]:
            return fields.rejection or (errors.invalid("trailValueType") if trail is None else errors.missing("trailValue"))
        request = self._request(fields, market, side, OrderType.STOP_MARKET, 0)
        value, by_ppm = trail
        return request if isinstance(request, Rejection) else replace(request, trail=value, trails_by_ppm=by_ppm)

    async def _placed(self, caller: Caller, request: OrderRequest | Rejection) -> Answer:
        if isinstance(request, Rejection):
            return request
        record = await self._entry.place(caller, request)
        return record if isinstance(record, Rejection) else encode([order_row(record, record.status, millis(record.created))])

    # --- asking -----------------------------------------------------------------------------------------------------------

    async def open_orders(self, caller: Caller, fields: Fields) -> Answer:
        """Open orders, oldest first; of one market or of all, or those that an id names."""
        symbol, uuid, tag = fields.text("symbol"), fields.text(*IDS), fields.tag(*TAGS)
        market = self._symbols.find(symbol) if symbol else None
        if fields.checked() or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        if uuid or tag:
            orders = self._records.own_live(caller.account, market, uuid, tag)
        else:
            orders = self._records.live_orders(caller.account, market)
        return encode([open_row(record) for record in await self._records.live(orders)])

    async def find(self, caller: Caller, fields: Fields) -> Answer:
        """One order, live or done."""
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        if fields.checked("symbol") or not (uuid or tag):
            return fields.rejection or errors.missing("orderId or clOrderId")
        record = await self._records.find(caller.account, uuid, tag)
        return errors.ORDER_UNKNOWN if record is None else encode(open_row(record))

    async def trade_history(self, caller: Caller, fields: Fields) -> Answer:
        """Own trades, newest first."""
        market = market_of(self._symbols, fields)
        page = windows.page(fields, self._clock(), windows.OWN_TRADES)
        uuid, tag = fields.text(*IDS), fields.tag(*TAGS)
        if isinstance(market, Rejection):
            return market
        if isinstance(page, Rejection):
            return page
        if fields.checked("clientOrderId", "includeOld", "isMatchSymbol"):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        await self._context.history_caught_up()
        history = self._context.services.history
        if uuid:
            order = await self._records.find(caller.account, uuid, "")
            found = order is not None and order.market.id == market.id
            fills = await history.fills_of_order(order.id, page) if order is not None and found else []
        else:
            fills = await history.fills(caller.account, page, market=market.id, tag=tag or None)
        orders = {record.id: record for record in await self._records.by_id(sorted({fill.order_id for fill in fills}))}
        return enveloped([trade_row(fill, orders[fill.order_id]) for fill in fills], self._clock())

    def fees(self, caller: Caller, fields: Fields) -> Answer:
        """As in v3."""
        return self._account.fees(caller, fields)

    # --- changing ---------------------------------------------------------------------------------------------------------

    async def amend(self, caller: Caller, fields: Fields) -> Answer:
        """New price, size, trigger price. `orderSize` is what is to remain open; with `totalAmountMode` what is filled counts too."""
        market, uuid, tag = market_of(self._symbols, fields), fields.text(*IDS), fields.tag(*TAGS)
        if isinstance(market, Rejection):
            return market
        change = Amendment(
            fields.units("orderPrice", market.price_scale),
            fields.units("orderSize", market.amount_scale),
            fields.units("triggerPrice", market.price_scale),
        )
        whole = fields.flag("totalAmountMode")
        if fields.checked() or not (uuid or tag):
            return fields.rejection or errors.missing("orderId or clOrderId")
        if change == Amendment():
            return errors.missing("orderSize, orderPrice or triggerPrice")
        orders = self._records.own_live(caller.account, market, uuid, tag)
        if not orders:
            return errors.ORDER_UNKNOWN
        if change.amount and not whole:
            change = Amendment(change.price, change.amount + orders[-1].filled, change.stop_price)
        amended = await self._changes.amend(caller, orders[-1], change)
        if isinstance(amended, Rejection):
            return amended
        record, traded = amended
        return encode([order_row(record, record.status if traded else Status.AMEND_ORDER, millis(self._clock()))])

    async def cancel(self, caller: Caller, fields: Fields) -> Answer:
        """One order by `orderId`, or all that bear a `clOrderId`."""
        market, uuid, tag = market_of(self._symbols, fields), fields.text(*IDS), fields.tag(*TAGS)
        if isinstance(market, Rejection):
            return market
        if fields.checked() or not (uuid or tag):
            return fields.rejection or errors.missing("orderId or clOrderId")
        return self._cancelled(await self._changes.cancel(caller, market, uuid, tag))

    async def cancel_all(self, caller: Caller, fields: Fields) -> Answer:
        """Every order of a market; `ALL` for every market."""
        everywhere = fields.word("symbol") == ALL_MARKETS
        market = None if everywhere else market_of(self._symbols, fields)
        if fields.checked() or isinstance(market, Rejection):
            return fields.rejection or (market if isinstance(market, Rejection) else errors.SYMBOL_UNKNOWN)
        return self._cancelled(await self._changes.cancel_all(caller, market))

    def _cancelled(self, records: list[OrderRecord] | Rejection) -> Answer:
        if isinstance(records, Rejection):
            return records
        now = millis(self._clock())
        return encode([order_row(record, Status.ORDER_CANCELLED, now) for record in records])

    async def cancel_all_after(self, caller: Caller, fields: Fields) -> Answer:
        """The account's dead man's switch, `timeout` in ms."""
        answer = await self._orders.cancel_all_after(caller, fields)
        return answer if isinstance(answer, Rejection) else enveloped(None, self._clock())


def order_row(record: OrderRecord, status: int, timestamp: int) -> dict[str, Any]:
    """An order in the answers to POST, PUT and DELETE."""
    market = record.market
    return {
        "orderId": record.uuid,
        "clOrderId": record.tag,
        "status": int(status),
        "market": market.symbol,
        "type": int(type_number(record.type)),
        "orderSide": SIDE_NAMES[record.side],
        "orderPrice": market.price(record.price),
        "triggerPrice": market.price(record.stop_price),
        "postOnly": record.post_only,
        "timestamp": timestamp,
        "orderDetailType": None,
        "message": None,
        "userQuoteCurrency": market.quote.code,
        "orderCurrency": order_currency(record),
        **sizes(record),
        "avgFilledPrice": number(record.average),
        "time_in_force": record.tif_name,
    }


def open_row(record: OrderRecord) -> dict[str, Any]:
    """An order that is asked for."""
    trail = {"trailValue": trail_value(record), "trailValueType": "PERCENTAGE" if record.trails_by_ppm else "DISTANCE"}
    return {
        **order_row(record, record.status, millis(record.created)),
        **(trail if record.trail else {}),
        "orderState": record.status.name if record.reason else "STATUS_INACTIVE" if record.waiting else "STATUS_ACTIVE",
        "triggerOrder": bool(record.stop_price),
        "triggered": record.triggered,
    }


def trade_row(fill: Fill, order: OrderRecord) -> dict[str, Any]:
    """An own trade."""
    market = order.market
    asset = market.fee_asset(fill.side)
    return {
        "serialId": fill.id,
        "tradeId": TRADE_IDS.text(fill.id),
        "orderId": ORDER_IDS.text(fill.order_id),
        "clOrderId": fill.tag or None,
        "symbol": market.symbol,
        "base": market.base.code,
        "quote": market.quote.code,
        "orderSide": SIDE_NAMES[fill.side],
        "orderType": int(type_number(fill.order_type)),
        "triggerType": trigger_type(fill, order),
        "triggerPrice": market.price(order.stop_price),
        "price": market.price(fill.price),
        "size": order_size(order),
        "filledSize": market.amount(fill.amount),
        "feeCurrency": asset.code,
        "feeAmount": number(shown(asset, fill.fee)),
        "timestamp": millis(fill.time),
    }
