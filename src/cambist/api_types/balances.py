"""What an account has, what it traded, and every change of what it has."""

from __future__ import annotations

from typing import Literal

from cambist.api_types.values import AssetCode, Decimal, Id, MarketName, PageQuery, Side, SignedDecimal, Time, Value


class Balance(Value, frozen=True, kw_only=True):
    """`held` by open orders and by what is on its way out; `total` is both."""

    asset: AssetCode
    available: Decimal
    held: Decimal
    total: Decimal


class Fees(Value, frozen=True, kw_only=True):
    """What a new order pays in a market, in ppm of what it receives."""

    market: MarketName
    maker_ppm: int
    taker_ppm: int


class FillsQuery(PageQuery, frozen=True, kw_only=True):
    """Of one market, of one order; all when neither is named."""

    market: MarketName | None = None
    order: Id | None = None


class Fill(Value, frozen=True, kw_only=True):
    """A trade as one's own order saw it. `fee` is in `fee_asset`, what the order received."""

    trade_id: Id
    order_id: Id
    client_order_id: str | None
    market: MarketName
    side: Side
    role: Literal["maker", "taker"]
    price: Decimal
    amount: Decimal
    total: Decimal
    fee: Decimal
    fee_asset: AssetCode
    time: Time


class LedgerQuery(PageQuery, frozen=True, kw_only=True):
    """Of one asset, of one kind of business."""

    asset: AssetCode | None = None
    business: Literal["trade", "hold", "release", "transfer"] | None = None


class LedgerEntry(Value, frozen=True, kw_only=True):
    """One change of one balance. `available` and `held` are what there was after it; what does not apply is null. `counterparty`: the other
    user of a transfer by name."""

    id: Id
    time: Time
    asset: AssetCode
    business: Literal["trade", "hold", "release", "transfer"]
    available_change: SignedDecimal
    held_change: SignedDecimal
    available: SignedDecimal
    held: SignedDecimal
    market: MarketName | None
    order_id: Id | None
    trade_id: Id | None
    price: Decimal | None
    amount: Decimal | None
    fee: Decimal | None
    transfer_id: str | None
    kind: str | None
    counterparty: str | None
