"""The values that history's queries answer with.

Units everywhere: *time* µs since the epoch; *price* and *amount* integers in the market's units; *atoms* (totals, fees,
changes, balances) integers in the asset's ledger scale. Ids are the core's. Structs are frozen and encode as arrays,
because a store hands each answer over as one JSON text.
"""

from enum import IntEnum
from typing import Any

import msgspec

from cambist.domain.orders import DoneReason, OrderType
from cambist.domain.units import AccountId, AssetId, MarketId


class StoredOrderState(IntEnum):
    """Where an order stands, coarsely; `Order.reason` says exactly why it is done."""

    LIVE = 0
    FILLED = 1
    CANCELLED = 2
    EXPIRED = 3


class TransferStatus(IntEnum):
    PENDING = 0
    POSTED = 1
    VOIDED = 2


class Leg(IntEnum):
    """Which of a trade's balance changes a ledger entry is. The fees are the fees account's, CONVERSION_… the conversion account's."""

    NONE = 0
    BUYER_PAYS = 1
    BUYER_RECEIVES = 2
    SELLER_PAYS = 3
    SELLER_RECEIVES = 4
    BASE_FEE = 5
    QUOTE_FEE = 6
    CONVERSION_RECEIVES = 7
    CONVERSION_PAYS = 8


class OrderTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an order that was replaced asked for from command `seq` (at `time`) on; 0: since before that was kept. `stop_price` is 0 for
    first terms whose trigger moved."""

    order_id: int
    seq: int
    time: int
    price: int
    amount: int
    stop_price: int


class Order(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One order that was ever accepted.

    `price` is 0 for market orders, `funds` quote atoms (0: an amount order), `total` the quote atoms traded so far, `fee` atoms
    paid so far of what the order receives (buy: base, sell: quote). `reason` is 0 while live, else a DoneReason. `triggered`
    is the time at which a stop was triggered (0: never). `tag` is the client's own text. `client_id` 0: none given.
    """

    id: int
    account: AccountId
    market: MarketId
    side: int
    type: int
    tif: int
    flags: int
    price: int
    amount: int
    funds: int
    stop_price: int
    expire_at: int
    client_id: int
    tag: str
    maker_ppm: int
    taker_ppm: int
    filled: int
    total: int
    fee: int
    reason: int
    triggered: int
    created: int
    updated: int
    seq: int

    @property
    def remaining(self) -> int:
        """Amount not traded, in the market's units; 0 for a `funds` order, which has none."""
        return 0 if self.funds else self.amount - self.filled

    @property
    def state(self) -> StoredOrderState:
        """LIVE, FILLED, EXPIRED, or CANCELLED for every other end (by the user, unfilled rest, self-trade, funds, fok)."""
        match self.reason:
            case 0:
                return StoredOrderState.LIVE
            case DoneReason.FILLED:
                return StoredOrderState.FILLED
            case DoneReason.EXPIRED:
                return StoredOrderState.EXPIRED
            case _:
                return StoredOrderState.CANCELLED

    @property
    def waiting(self) -> bool:
        """A live stop that has not been triggered."""
        return self.reason == 0 and self.triggered == 0 and self.type in (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)


class Trade(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One trade. `time` is strictly increasing over all markets, so it is as good an id as `id`.

    `total` and the fees are atoms; a side's fee is in what that side receives (buyer: base, seller: quote). `entry_id` is the
    first of its four to eight consecutive ledger entries, in the order of `Leg`. `taker_market`: the taker named no price.

    A trade between two linked markets appears in both: by market, account or order it is that side's `market`, `price` and `total`; by id
    or time the taker's. `appearance` says which it is: of those that are not SECONDARY each trade has one.
    """

    id: int
    time: int
    market: MarketId
    taker_side: int
    price: int
    amount: int
    total: int
    maker_account: AccountId
    taker_account: AccountId
    maker_order: int
    taker_order: int
    maker_fee: int
    taker_fee: int
    entry_id: int
    seq: int
    taker_market: bool
    appearance: int


class Fill(Trade, frozen=True, array_like=True, gc=False):
    """A trade as one of its two orders saw it: that order's role, type, tag and fee rate stand beside the trade."""

    maker: bool
    order_type: int
    tag: str
    ppm: int

    @property
    def side(self) -> int:
        """This order's side."""
        return 1 - self.taker_side if self.maker else self.taker_side

    @property
    def order_id(self) -> int:
        return self.maker_order if self.maker else self.taker_order

    @property
    def counter_order(self) -> int:
        return self.taker_order if self.maker else self.maker_order

    @property
    def account(self) -> AccountId:
        return self.maker_account if self.maker else self.taker_account

    @property
    def fee(self) -> int:
        """Atoms: base for a buy, quote for a sell."""
        return self.maker_fee if self.maker else self.taker_fee


class LedgerEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One balance change of one account, with what a view needs to print it.

    `available` and `held` are the balances after it. `reference`: trade id, order id, or the transfer id's low 64 bits, by
    `business`.
    Trade entries: `leg`, `fee` (atoms already taken off `change_available` on the receiving leg, else 0), and of the trade
    `market, order_id` (own), `counter_order, maker, price, amount, total, ppm` (own rate), `side` (own), `taker_market`. On the two fee
    legs, which belong to nobody's order, `order_id` is the order that paid. Of a trade between two linked markets also its `appearance`
    (an `Appearance`) on this side, and the other side's `counter_market, counter_price`.
    Hold and release: `order_id`, and of the order `market, side, price, amount`.
    Transfers: `transfer_id, kind, source, destination, status, settled, memo`.
    Numbers that do not apply are 0.
    """

    id: int
    account: AccountId
    asset: AssetId
    business: int
    reference: int
    change_available: int
    change_held: int
    available: int
    held: int
    seq: int
    time: int
    leg: int
    fee: int
    market: MarketId
    order_id: int
    counter_order: int
    maker: bool
    side: int
    price: int
    amount: int
    total: int
    ppm: int
    trade_time: int
    taker_market: bool
    appearance: int
    counter_market: MarketId
    counter_price: int
    transfer_id: int
    kind: int
    source: AccountId
    destination: AccountId
    status: int
    settled: int
    memo: dict[str, Any]

    @property
    def change(self) -> int:
        """What the account gained or lost over all (0 for hold and release)."""
        return self.change_available + self.change_held

    @property
    def balance(self) -> int:
        """Available and held together, after it."""
        return self.available + self.held


class Balance(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an account had of an asset, atoms."""

    asset: AssetId
    available: int
    held: int


class Transfer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One transfer. `status` is a TransferStatus; `settled` the time at which a withdrawal left for good (0: not, or no such kind).

    `memo` is that of its command, overlaid by the memos of the commands that posted, voided or settled it. `source_entry` is
    the source's first ledger entry: the number that the core answered with, and what transfers are paged by.
    `destination_entry` is 0 until posted. `created` and `updated` are command times.
    """

    id: int
    kind: int
    source: AccountId
    destination: AccountId
    asset: AssetId
    amount: int
    status: int
    settled: int
    memo: dict[str, Any]
    source_entry: int
    destination_entry: int
    created: int
    updated: int
    seq: int


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A note of an account: the command's seq and time (µs), and its memo."""

    seq: int
    time: int
    memo: dict[str, Any]


class Candle(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Trades of one market in [start, start + interval), both in seconds. `notional` is the sum of price * amount.

    Times `quote_unit` the notional is quote atoms. First trade's price, highest, lowest, last; `volume` in amount units.
    """

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    notional: int
    count: int


class Volume(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was traded in one market: `volume` in amount units, `notional` the sum of price * amount (times `quote_unit`: quote atoms)."""

    market: MarketId
    count: int
    volume: int
    notional: int
    high: int
    low: int
