"""What a market order would take from the book as it stands, before it is placed: on a linked market, from all books of its group.

The core fills a market order as far as the money goes. Where an exchange refuses an order that is not covered whole, its dialect asks
here first.
"""

from typing import NamedTuple

from cambist._core import MarketSpec
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId, MarketId
from cambist.exchange.view import View

LEVELS_AT_FIRST = 16
"""Book levels that are looked at first; eight times as many whenever they do not suffice."""


class MarketFill(NamedTuple):
    """`amount` in the market's units; `notional` the sum of price times amount: times `MarketSpec.quote_unit` it is atoms of quote.

    What other books of a group offer counts at its effective price, which is whole units of price: a purchase costs that or less.
    """

    amount: int
    notional: int


def market_fill(view: View, market: MarketId, side: Side, amount: int) -> MarketFill:
    """What a market order for `amount` would trade, whoever gives it and without fees; less than `amount` when less is offered."""
    levels = LEVELS_AT_FIRST
    while True:
        bids, asks = view.converted_depth(market, levels)
        opposite = asks if side == Side.BUY else bids
        left, notional = amount, 0
        for price, offered in opposite:
            taken = min(left, offered)
            notional += taken * price
            left -= taken
            if not left:
                break
        if not left or len(opposite) < levels:
            return MarketFill(amount - left, notional)
        levels *= 8


def uncovered_rejection(view: View, market: MarketSpec, account: AccountId, side: Side, amount: int) -> RejectReason:
    """Why a market order for `amount` would not be placed or could not be paid in whole, OK when nothing speaks against it.

    MARKET_HALTED, AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE as the core would say. INSUFFICIENT_FUNDS: a sale takes its amount, a purchase what
    the standing asks up to its amount cost.
    """
    if market.status != MarketStatus.OPEN:
        return RejectReason.MARKET_HALTED
    if amount < market.min_amount:
        return RejectReason.AMOUNT_TOO_SMALL
    if amount > market.max_amount:
        return RejectReason.AMOUNT_TOO_LARGE
    if side == Side.SELL:
        needed, spent = amount * market.base_unit, market.base
    else:
        needed, spent = market_fill(view, market.id, side, amount).notional * market.quote_unit, market.quote
    return RejectReason.INSUFFICIENT_FUNDS if needed > view.balance(account, spent)[0] else RejectReason.OK
