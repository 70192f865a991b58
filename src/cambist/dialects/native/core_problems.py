"""The core's rejections as problems, in sentences that name the limit that was missed."""

from __future__ import annotations

from cambist.api_types.problems import Code, Problem, problem
from cambist.dialects.native.listings import Listing
from cambist.domain.reject_reasons import RejectReason

CODES = {
    RejectReason.MARKET_NOT_FOUND: Code.MARKET_UNKNOWN,
    RejectReason.ASSET_NOT_FOUND: Code.ASSET_UNKNOWN,
    RejectReason.MARKET_HALTED: Code.MARKET_HALTED,
    RejectReason.ENUM_INVALID: Code.ORDER_INVALID,
    RejectReason.COMBINATION_INVALID: Code.ORDER_INVALID,
    RejectReason.PRICE_TOO_LOW: Code.PRICE_TOO_LOW,
    RejectReason.PRICE_TOO_HIGH: Code.PRICE_TOO_HIGH,
    RejectReason.AMOUNT_TOO_SMALL: Code.AMOUNT_TOO_SMALL,
    RejectReason.AMOUNT_TOO_LARGE: Code.AMOUNT_TOO_LARGE,
    RejectReason.TOTAL_TOO_SMALL: Code.TOTAL_TOO_SMALL,
    RejectReason.TOTAL_TOO_LARGE: Code.TOTAL_TOO_LARGE,
    RejectReason.ALREADY_EXPIRED: Code.ALREADY_EXPIRED,
    RejectReason.CLIENT_ID_USED: Code.CLIENT_ORDER_ID_USED,
    RejectReason.TOO_MANY_OPEN_ORDERS: Code.TOO_MANY_OPEN_ORDERS,
    RejectReason.WOULD_CROSS: Code.WOULD_CROSS,
    RejectReason.INSUFFICIENT_FUNDS: Code.INSUFFICIENT_FUNDS,
    RejectReason.FILL_OR_KILL_UNFILLABLE: Code.UNFILLABLE,
    RejectReason.LEVEL_FULL: Code.LEVEL_FULL,
    RejectReason.NO_LAST_PRICE: Code.NO_LAST_PRICE,
    RejectReason.TRAIL_INVALID: Code.TRAIL_INVALID,
    RejectReason.ORDER_NOT_FOUND: Code.NOT_FOUND,
    RejectReason.NOT_YOUR_ORDER: Code.NOT_FOUND,
    RejectReason.ORDER_NOT_LIVE: Code.ORDER_NOT_LIVE,
    RejectReason.NOT_REPLACEABLE: Code.ORDER_NOT_REPLACEABLE,
    RejectReason.AMOUNT_BELOW_FILLED: Code.AMOUNT_BELOW_FILLED,
    RejectReason.TRANSFER_AMOUNT_INVALID: Code.AMOUNT_TOO_LARGE,
}
"""Whatever else the core says is no user's doing: UNAVAILABLE."""


def of_core(code: int, listing: Listing | None = None, *, order_id: int = 0) -> Problem:
    """The core's no. `listing`: of the market that the order was for."""
    said = CODES.get(RejectReason(code), Code.UNAVAILABLE)
    detail = _limit(said, listing) if listing is not None else ""
    return problem(said, detail, order_id=str(order_id) if order_id else None)


def _limit(code: Code, listing: Listing) -> str:
    """The code's sentence with the market's own number; empty where there is none."""
    spec, quote = listing.spec, listing.quote.code
    match code:
        case Code.PRICE_TOO_LOW:
            return f"The price is below the market's lowest, {listing.price(spec.min_price)} {quote}."
        case Code.PRICE_TOO_HIGH:
            return f"The price is above the market's highest, {listing.price(spec.max_price)} {quote}."
        case Code.AMOUNT_TOO_SMALL:
            return f"The amount is below the market's smallest, {listing.amount(spec.min_amount)} {listing.base.code}."
        case Code.AMOUNT_TOO_LARGE:
            return f"The amount is above the market's largest, {listing.amount(spec.max_amount)} {listing.base.code}."
        case Code.TOTAL_TOO_SMALL:
            return f"Price times amount, or the funds, are below the market's smallest total, {listing.total(spec.min_total)} {quote}."
    return ""
