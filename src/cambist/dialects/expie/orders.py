"""Orders and their deals as JSON text. The order of the keys is the reference's."""

from typing import Protocol

from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import rate_text, time_text
from cambist.domain.orders import OrderType, Side
from cambist.domain.units import AccountId
from cambist.history.records import Fill

SOURCE = "expie.api.https"
SELL, BUY = 1, 2
LIMIT, MARKET = 1, 2
MAKER, TAKER = 1, 2


class Shown(Protocol):
    """An order, of history or of the order feed."""

    @property
    def id(self) -> int: ...
    @property
    def account(self) -> AccountId: ...
    @property
    def side(self) -> int: ...
    @property
    def type(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def funds(self) -> int: ...
    @property
    def filled(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def fee(self) -> int: ...
    @property
    def maker_ppm(self) -> int: ...
    @property
    def taker_ppm(self) -> int: ...
    @property
    def created(self) -> int: ...
    @property
    def updated(self) -> int: ...


def side_number(side: int) -> int:
    """1 sell, 2 buy."""
    return SELL if side == Side.SELL else BUY


def _is_market(order: Shown) -> bool:
    return order.type in (OrderType.MARKET, OrderType.STOP_MARKET)


def _amount(market: Market, order: Shown) -> str:
    """Stock, or for a market buy the money to spend."""
    return market.money.exact(order.funds) if order.funds else market.amount(order.amount)


def _left(market: Market, order: Shown) -> str:
    if order.funds:
        return market.money.exact(order.funds - order.total)
    return market.amount(order.amount - order.filled)


def _fee(market: Market, order: Shown) -> str:
    """What it paid, in what it receives."""
    return (market.stock if order.side == Side.BUY else market.money).exact(order.fee)


def pending(market: Market, order: Shown) -> str:
    """An order with `mtime` and `left`: pending, just placed, just cancelled."""
    is_market = _is_market(order)
    return (
        f'{{"deal_fee":"{_fee(market, order)}","ctime":{time_text(order.created)},'
        f'"maker_fee":"{"0" if is_market else rate_text(order.maker_ppm)}","price":"{market.price(order.price)}",'
        f'"deal_stock":"{market.amount(order.filled)}","side":{side_number(order.side)},"source":"{SOURCE}",'
        f'"amount":"{_amount(market, order)}","user":{order.account},"mtime":{time_text(order.updated)},'
        f'"deal_money":"{market.money.exact(order.total)}","left":"{_left(market, order)}",'
        f'"type":{MARKET if is_market else LIMIT},"id":{order.id},"market":"{market.name}","taker_fee":"{rate_text(order.taker_ppm)}"}}'
    )


def finished(market: Market, order: Shown, ended: int) -> str:
    """An order with `ftime` (`ended`, µs) in place of `mtime`, and no `left`."""
    is_market = _is_market(order)
    return (
        f'{{"ctime":{time_text(order.created)},"maker_fee":"{"0" if is_market else rate_text(order.maker_ppm)}",'
        f'"price":"{market.price(order.price)}","deal_fee":"{_fee(market, order)}","id":{order.id},"source":"{SOURCE}",'
        f'"amount":"{_amount(market, order)}","ftime":{time_text(ended)},"user":{order.account},'
        f'"deal_stock":"{market.amount(order.filled)}","deal_money":"{market.money.exact(order.total)}",'
        f'"type":{MARKET if is_market else LIMIT},"side":{side_number(order.side)},"market":"{market.name}",'
        f'"taker_fee":"{rate_text(order.taker_ppm)}"}}'
    )


def deal(market: Market, fill: Fill) -> str:
    """A deal of an order, as that order saw it."""
    fee = (market.stock if fill.side == Side.BUY else market.money).exact(fill.fee)
    return (
        f'{{"fee":"{fee}","deal":"{market.money.exact(fill.total)}","price":"{market.price(fill.price)}",'
        f'"amount":"{market.amount(fill.amount)}","role":{MAKER if fill.maker else TAKER},"user":{fill.account},'
        f'"time":{time_text(fill.time)},"deal_order_id":{fill.counter_order},"id":{fill.id}}}'
    )


def page(records: list[str], offset: int, limit: int, total: int | None = None) -> str:
    """A page of records with what it was asked by."""
    tail = "" if total is None else f'"total":{total},'
    return f'{{"records":[{",".join(records)}],{tail}"limit":{limit},"offset":{offset}}}'
