"""An order and a trade in v3's answers: as v3.1 and v3.2 write them, and as v3.3 does, which names sizes by their currency."""

from typing import Any

from cambist import _core
from cambist.dialects.btse.ids import ORDER_IDS, TRADE_IDS
from cambist.dialects.btse.records import OrderRecord
from cambist.dialects.btse.render import ZERO, millis, number
from cambist.dialects.btse.status import SIDE_NAMES, STOP_TYPES, type_number
from cambist.dialects.btse.symbols import shown
from cambist.history.records import Fill

STOP_LOSS, TAKE_PROFIT = 1001, 1002
"""`triggerType` of a trade whose order was a stop of the one or the other kind."""


def trigger_type(fill: Fill, order: OrderRecord) -> int:
    """0 for an order that was no stop."""
    if fill.order_type not in STOP_TYPES:
        return 0
    return TAKE_PROFIT if order.take_profit else STOP_LOSS


class Rows:
    """v3.1 and v3.2."""

    def order(self, record: OrderRecord, status: int, timestamp: int) -> dict[str, Any]:
        """An order in the answers to POST, PUT and DELETE; `timestamp` in ms."""
        market = record.market
        return {
            **_head(record, status),
            "size": market.amount(record.size),
            "orderID": record.uuid,
            "timestamp": timestamp,
            **_trigger(record),
            "averageFillPrice": number(record.average),
            "fillSize": market.amount(record.filled),
            "clOrderID": record.tag,
            "stealth": 1,
            "deviation": 1,
            "postOnly": record.post_only,
            "originalSize": market.amount(record.size),
            "remainingSize": market.amount(record.remaining),
            "time_in_force": record.tif_name,
        }

    def amended(self, record: OrderRecord, status: int, timestamp: int, _price: int) -> dict[str, Any]:
        """An order in the answer to PUT; `_price` is what it was before."""
        return self.order(record, status, timestamp)

    def open(self, record: OrderRecord) -> dict[str, Any]:
        """An order in open_orders."""
        return {
            **self.standing(record),
            "cancelDuration": millis(record.expire_at - record.created) if record.expire_at else 0,
            "fillSize": record.market.amount(record.filled),
            "orderState": "STATUS_INACTIVE" if record.waiting else "STATUS_ACTIVE",
        }

    def detail(self, record: OrderRecord) -> dict[str, Any]:
        """The answer to GET order."""
        return {
            **self.standing(record),
            "quote": record.market.quote.code,
            "status": int(record.status),
            "remainingSize": record.market.amount(record.remaining),
        }

    def standing(self, record: OrderRecord) -> dict[str, Any]:
        """What an open order and a queried one have together."""
        market = record.market
        price = record.price or record.stop_price
        return {
            "orderType": int(type_number(record.type)),
            "price": number(record.shown_price),
            "size": market.amount(record.size),
            "side": SIDE_NAMES[record.side],
            "orderValue": number(market.quote_text(price * record.amount)),
            "filledSize": market.amount(record.filled),
            "pegPriceMin": ZERO,
            "pegPriceMax": ZERO,
            "pegPriceDeviation": ZERO,
            "timestamp": millis(record.created),
            "orderID": record.uuid,
            "triggerOrder": bool(record.stop_price),
            "triggerPrice": market.price(record.stop_price),
            "triggerOriginalPrice": market.price(record.stop_price),
            "triggerOrderType": int(type_number(record.type)) if record.stop_price else 0,
            "triggerTrailingStopDeviation": number(percent(record.trail)) if record.trails_by_ppm else ZERO,
            "triggerStopPrice": market.price(record.price if record.paired and record.stop_price else 0),
            "symbol": market.symbol,
            "trailValue": trail_value(record),
            "averageFillPrice": number(record.average),
            "clOrderID": record.tag,
            "timeInForce": record.tif_name,
            "triggered": record.triggered,
        }

    def trade(self, fill: Fill, order: OrderRecord, username: str) -> dict[str, Any]:
        """An own trade in trade_history."""
        market = order.market
        asset = market.fee_asset(fill.side)
        return {
            "tradeId": TRADE_IDS.text(fill.id),
            "orderId": ORDER_IDS.text(fill.order_id),
            "clOrderID": fill.tag,
            "username": username,
            "side": SIDE_NAMES[fill.side],
            "orderType": int(type_number(fill.order_type)),
            "triggerType": trigger_type(fill, order),
            "price": market.price(fill.price),
            "size": market.amount(order.size),
            "filledPrice": market.price(fill.price),
            "filledSize": market.amount(fill.amount),
            "triggerPrice": market.price(order.stop_price),
            "base": market.base.code,
            "quote": market.quote.code,
            "symbol": market.symbol,
            "feeCurrency": asset.code,
            "feeAmount": number(shown(asset, fill.fee)),
            "wallet": "SPOT@",
            "realizedPnl": ZERO,
            "total": ZERO,
            "serialId": fill.id,
            "timestamp": millis(fill.time),
            "averageFillPrice": number(order.average),
        }


class SizedRows(Rows):
    """v3.3."""

    def order(self, record: OrderRecord, status: int, timestamp: int) -> dict[str, Any]:
        return {
            **_head(record, status),
            "orderID": record.uuid,
            "timestamp": timestamp,
            **_trigger(record),
            "clOrderID": record.tag,
            "stealth": 1,
            "deviation": 1,
            "postOnly": record.post_only,
            "orderDetailType": None,
            **sizes(record),
            "orderCurrency": order_currency(record),
            "avgFilledPrice": number(record.average),
            "time_in_force": record.tif_name,
        }

    def amended(self, record: OrderRecord, status: int, timestamp: int, price: int) -> dict[str, Any]:
        return {**self.order(record, status, timestamp), "originalPrice": record.market.price(price)}

    def standing(self, record: OrderRecord) -> dict[str, Any]:
        row = super().standing(record)
        for name in ("size", "filledSize", "averageFillPrice"):
            del row[name]
        return {**row, **sizes(record), "orderCurrency": order_currency(record), "avgFilledPrice": number(record.average)}

    def open(self, record: OrderRecord) -> dict[str, Any]:
        row = super().open(record)
        del row["fillSize"]
        unused = {"vendorName": None, "botID": None, "orderDetailType": None, "orderDetail": None}
        return {**row, **unused, "requestId": record.id, "quote": record.market.quote.code}

    def detail(self, record: OrderRecord) -> dict[str, Any]:
        row = super().detail(record)
        del row["remainingSize"]
        return row

    def trade(self, fill: Fill, order: OrderRecord, username: str) -> dict[str, Any]:
        row = super().trade(fill, order, username)
        row["avgFilledPrice"] = row.pop("averageFillPrice")
        return {**row, "size": order_size(order)}


def percent(ppm: int) -> str:
    return _core.format_units(ppm, 4)


def trail_value(record: OrderRecord) -> Any:
    """How far a stop's trigger stays behind the price: in quote currency, or in percent."""
    return number(percent(record.trail)) if record.trails_by_ppm else record.market.price(record.trail)


def order_currency(record: OrderRecord) -> str:
    """What the order's size was given in."""
    return "quote" if record.funds else "base"


def order_size(record: OrderRecord) -> Any:
    """What the order was for, in the currency that its size was given in."""
    return number(shown(record.market.quote, record.funds)) if record.funds else record.market.amount(record.size)


def sizes(record: OrderRecord) -> dict[str, Any]:
    """Sizes in the currency that the order's was given in; those in the other one are null, but for what was filled."""
    market = record.market
    base = None if record.funds else market.amount(record.size)
    filled = market.amount(record.filled)
    quote = number(shown(market.quote, record.funds)) if record.funds else None
    left = number(shown(market.quote, max(record.funds - record.total, 0))) if record.funds else None
    return {
        "originalOrderBaseSize": base,
        "originalOrderQuoteSize": quote,
        "currentOrderBaseSize": base,
        "currentOrderQuoteSize": quote,
        "remainingOrderBaseSize": None if record.funds else market.amount(record.remaining),
        "remainingOrderQuoteSize": left,
        "filledBaseSize": filled,
        "totalFilledBaseSize": filled,
    }


def _head(record: OrderRecord, status: int) -> dict[str, Any]:
    return {
        "status": int(status),
        "symbol": record.market.symbol,
        "orderType": int(type_number(record.type)),
        "price": number(record.shown_price),
        "side": SIDE_NAMES[record.side],
    }


def _trigger(record: OrderRecord) -> dict[str, Any]:
    return {
        "triggerPrice": record.market.price(record.stop_price),
        "stopPrice": None,
        "trigger": bool(record.stop_price),
        "message": "",
    }
