"""The command port: everything that changes the exchange, asynchronous in shape.

`EmbeddedCommands` (embedded.py) is the one in this process: its awaitables are done at once. `RemoteCommands` (remote.py) sends commands to
the leading node and resumes each when this process's own state has reached it.
"""

from collections.abc import Sequence
from typing import Generic, Protocol

import msgspec

from cambist._core import ALL_MARKETS, BOTH_SIDES, Outcome
from cambist.domain.markets import MarketStatus
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.view import Read, T

NO_META = Meta()


class NonceRejected(Exception):
    """The request's nonce was not acceptable, so its command was not applied and is not in the journal. `last`: the key's highest one."""

    def __init__(self, last: int) -> None:
        super().__init__(last)
        self.last = last


class JournalStopped(Exception):
    """The journal failed: nothing more is taken, nothing unsynced may be told, the process must end."""


class OutcomeUnknown(Exception):
    """Whoever leads did not say in time what became of the command, and it is not in the log yet. It may have been done, or be done still:
    whoever asked has to look.
    """


class Done(msgspec.Struct, Generic[T], gc=False):
    """A command's outcome (codes: `RejectReason`), and what `read` gave on the state right after it."""

    outcome: Outcome
    read: T


def destination_entry(moved: Outcome) -> int:
    """The ledger entry of who received the money of a transfer that was not pending, or of a posted one."""
    return moved.id + 1


class Commands(Protocol):
    """One command a call. What it returns is applied, and may not be durable yet: the gateway holds replies back until it is.

    `meta` names the request's key and nonce. A nonce is judged here, in the journal's order: NonceRejected, and nothing has happened, when
    it is not above the key's last one (once-only nonces, written negative: when it was used before). `read` is evaluated on the state
    right after the command, applied or rejected; without it `Done.read` is None.

    Every call raises JournalStopped when the journal has failed, and NonceRejected; where the commands are sequenced elsewhere,
    OutcomeUnknown besides. A disk without room for new orders gives
    JOURNAL_FULL for what places or replaces orders and for `transfer`, whose nonce is journaled all the same; what frees orders and money
    still works.
    Prices and amounts are integers in the market's units, money is atoms, times are µs.
    """

    async def place(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        *,
        funds: int = 0,
        post_only: bool = False,
        take_profit: bool = False,
        self_trade: int = 0,
        stop_price: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """Places an order; `funds` in atoms of quote. `Outcome.id` is the order's. `take_profit`: a stop waits for the price to move in its
        favour: a buy for a fall, a sell for a rise.
        """

    async def place_oco(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        price: int,
        amount: int,
        stop_price: int,
        stop_limit_price: int,
        *,
        post_only: bool = False,
        self_trade: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        stop_client_id: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """Places a limit order and a stop of which one cancels the other, until cancelled or until `expire_at`. `Outcome` is the limit
        order's; the stop's id is the next one. `stop_limit_price` 0: the stop sells at market, once it is triggered.
        """

    async def place_trailing(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        trail: int,
        *,
        by_ppm: bool = False,
        funds: int = 0,
        self_trade: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """Places a stop whose trigger follows the price, `trail` units of price behind it, or ppm of the price. NO_LAST_PRICE in a market
        that has not traded, TRAIL_INVALID for none or more than the whole price.
        """

    async def cancel(self, account: AccountId, order_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        """ORDER_NOT_FOUND, ORDER_NOT_LIVE, NOT_YOUR_ORDER."""

    async def cancel_many(
        self, account: AccountId, order_ids: Sequence[int], *, meta: Meta = NO_META, read: Read[T] | None = None
    ) -> Done[T]:
        """One command; ids that are not this account's live orders are passed over. At most 65,535 ids."""

    async def cancel_all(
        self,
        account: AccountId,
        market: MarketId = ALL_MARKETS,
        side: int = BOTH_SIDES,
        *,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """`Outcome.count` orders were cancelled."""

    async def cancel_after(self, account: AccountId, due: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        """Arms the account's dead man's switch: all its orders are cancelled at `due` (µs) unless it is set again; 0 disarms."""

    async def replace(
        self,
        account: AccountId,
        order_id: int,
        *,
        price: int = 0,
        amount: int = 0,
        stop_price: int = 0,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """Changes a live order; zero keeps a value. `amount` is the new whole amount, the filled part included."""

    async def transfer(
        self,
        transfer_id: int,
        source: AccountId,
        destination: AccountId,
        asset: AssetId,
        kind: TransferKind,
        amount: int,
        *,
        pending: bool = False,
        meta: Meta = NO_META,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """Moves money at once, or holds it at the source (`pending`) until `post` or `void`.

        `Outcome.id`: the source's ledger entry. The destination's, once it has the money, is the next one: `destination_entry`.

        TRANSFER_ID_USED for an id that was used, for ever: a retry is harmless.
        """

    async def post(self, transfer_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        """Completes a pending transfer. TRANSFER_NOT_FOUND, TRANSFER_NOT_PENDING."""

    async def void(self, transfer_id: int, *, meta: Meta = NO_META, read: Read[T] | None = None) -> Done[T]:
        """Gives a pending transfer back. TRANSFER_NOT_FOUND, TRANSFER_NOT_PENDING."""

    async def note(self, meta: Meta, *, read: Read[T] | None = None) -> Done[T]:
        """Journals `meta` (a used nonce, words for views) for a call that changes nothing else."""

    async def open_account(self, *, meta: Meta = NO_META) -> Outcome:
        """`Outcome.id` is the new account's number."""

    async def create_asset(self, code: str, scale: int, display_scale: int, *, meta: Meta = NO_META) -> Outcome:
        """ASSET_EXISTS, ASSET_INVALID."""

    async def create_market(
        self,
        base: AssetId,
        quote: AssetId,
        price_scale: int,
        amount_scale: int,
        *,
        self_trade: int,
        min_price: int,
        max_price: int,
        min_amount: int,
        max_amount: int,
        min_total: int,
        maker_ppm: int,
        taker_ppm: int,
        meta: Meta = NO_META,
    ) -> Outcome:
        """`Outcome.id` is the market's number. MARKET_EXISTS, MARKET_INVALID, ASSET_NOT_FOUND, FEE_INVALID."""

    async def set_market_limits(
        self,
        market: MarketId,
        *,
        min_price: int,
        max_price: int,
        min_amount: int,
        max_amount: int,
        min_total: int,
        meta: Meta = NO_META,
    ) -> Outcome:
        """MARKET_NOT_FOUND, MARKET_INVALID."""

    async def set_market_status(self, market: MarketId, status: MarketStatus, *, meta: Meta = NO_META) -> Outcome:
        """MARKET_NOT_FOUND."""

    async def set_market_fees(self, market: MarketId, maker_ppm: int, taker_ppm: int, *, meta: Meta = NO_META) -> Outcome:
        """MARKET_NOT_FOUND, FEE_INVALID."""

    async def set_account_fees(self, account: AccountId, maker_ppm: int, taker_ppm: int, *, meta: Meta = NO_META) -> Outcome:
        """ACCOUNT_NOT_FOUND, FEE_INVALID."""

    async def set_max_open_orders(self, count: int, *, meta: Meta = NO_META) -> Outcome:
        """How many orders one account may have open."""

    async def create_linked_group(self, base: AssetId, anchor: AssetId, fee_ppm: int, max_age: int, *, meta: Meta = NO_META) -> Outcome:
        """Markets of `base` can be linked in it; rates are quoted in `anchor` and are good for `max_age` µs (0: for ever).

        `Outcome.id` is the group's number. ASSET_NOT_FOUND, LINK_INVALID, FEE_INVALID.
        """

    async def link_market(self, group: int, market: MarketId, *, meta: Meta = NO_META) -> Outcome:
        """GROUP_NOT_FOUND, MARKET_NOT_FOUND, MARKET_LINKED, LINK_INVALID."""

    async def unlink_market(self, market: MarketId, *, meta: Meta = NO_META) -> Outcome:
        """MARKET_NOT_FOUND, MARKET_NOT_LINKED."""

    async def set_linked_group_terms(self, group: int, fee_ppm: int, max_age: int, *, meta: Meta = NO_META) -> Outcome:
        """GROUP_NOT_FOUND, FEE_INVALID."""

    async def set_conversion_rates(self, group: int, rates: Sequence[tuple[AssetId, int]], *, meta: Meta = NO_META) -> Outcome:
        """(asset, rate) in order of asset; rates count in `RATE_ONE`-ths of the anchor for one whole unit, 0 takes one back.

        All or nothing; assets that are not named keep theirs. GROUP_NOT_FOUND, ASSET_NOT_FOUND, RATE_INVALID.
        """
