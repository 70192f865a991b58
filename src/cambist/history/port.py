"""What a history store does: the write side that the writer drives, and the queries that dialects ask.

The store is a view. Every row comes from the journal's events, so all of it may be dropped and folded again; nothing here
decides anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from cambist.domain.backfill import Backfill
from cambist.history.fold import Cursor, Rows
from cambist.history.records import Balance, Candle, Fill, LedgerEntry, Note, Order, OrderTerms, Trade, Transfer, Volume


class HistoryError(Exception):
    """The store cannot be used as it is; the text says what to do."""


class HistoryFailed(HistoryError):
    """The writer stopped: history no longer follows the journal. Readiness turns false; money paths are not affected."""


class HistoryBlocked(HistoryError):
    """The store cannot be written just now: nothing was changed, the same may be tried again."""


class HistoryLocked(HistoryBlocked):
    """Another process holds the store's lock."""


class HistoryUnwritable(HistoryBlocked):
    """The disk takes nothing: it is full, broken, or was made read-only."""


class HistoryAway(HistoryBlocked):
    """The database does not answer: it is stopped, out of reach, refuses this venue, or takes too long."""


class HistoryBehind(HistoryError):
    """History did not get as far as was waited for in time: it lags, or it cannot be written now. Money paths are not affected."""


class HistoryAhead(HistoryError):
    """The store knows commands that the journal does not have: it belongs to another journal. Rebuild it."""


class HistoryForeign(HistoryError):
    """The store's rows were folded from another venue's journal."""


class HistoryMoved(HistoryError):
    """The store ends elsewhere than where this writer left it: an older copy was put in its place, or another process wrote. Nothing was
    changed, and `cursor` says where it ends now; fold again from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of an ordered answer: ids and times inclusive at both ends, then `offset` rows skipped, then `limit` rows.

    Ids are those of the rows asked for (transfers: `source_entry`). Times are µs: an order's `created`, a trade's or an entry's
    time, a transfer's `created`. Rows come in order of id, which is the order of time as well.
    """

    first_id: int | None = None
    last_id: int | None = None
    since: int | None = None
    until: int | None = None
    offset: int = 0
    limit: int = 100
    newest_first: bool = True


WHOLE = Page(limit=1_000)

PATIENCE = 5.0
"""Seconds that an answer waits for history at most. Time of the machine, not of the venue: it is the machine's disk that is waited for."""

OrderFilter = Literal["all", "open", "finished"]


class HistoryWrites(Protocol):
    """The write side. One thread at a time."""

    @property
    def check_seconds(self) -> float | None:
        """After how long without a batch `check` is to be called; None: never."""

    @property
    def cursor(self) -> Cursor:
        """Where the stored rows end; `cursor.seq` is the last command whose events are in. Known once it is open."""

    def open(self, journal: int) -> None:
        """Gets the store ready for rows of the journal with that fingerprint, 1 to 2^63 - 1; 0: of whichever it has rows of.

        A store that does not say whose its rows are, new or old, is that journal's from now on. Returns at once when it is open.
        HistoryBlocked: it cannot be used just now, the same may be tried again. HistoryForeign; HistoryError when it is no history.
        """

    def apply(self, rows: Rows) -> None:
        """Adds a folded run and moves the cursor to `rows.cursor`, both or neither. ValueError unless `rows.after` is the stored cursor.

        HistoryBlocked while the store is away, locked by another process, or its disk is full: `rows` are as they were, and may be given
        again. HistoryMoved when they do not follow what is stored any more.
        """

    def check(self) -> None:
        """Looks whether the store can still be used and ends at `cursor`. HistoryBlocked, HistoryMoved, HistoryForeign."""

    def clear(self) -> None:
        """Drops every row; the cursor goes back to the beginning. The journal stays the same."""

    def close(self) -> None: ...


WantedCandles = tuple[int, int, int, int]
"""(interval, start, end, limit) of candles, as `HistoryReads.candles` takes them."""


@dataclass(frozen=True, slots=True)
class MarketPast:
    """What there was in one market: trades newest first, candles of a second oldest first."""

    trades: list[Trade]
    seconds: list[Candle]
    backfill: Backfill | None
    """What the market has instead of candles from before its first trade."""
    candles: list[tuple[int, list[Candle]]]
    """For each kind that was wanted: from which second on, and the candles. What is in `backfill` alone is not in these."""


class HistoryReads(Protocol):
    """The queries, as dialects ask them: coroutines that leave the event loop alone. `History` (history/reader.py) is the one there is.

    What an account was told already must be in its answers, so a dialect first awaits `reached(seq)` with the seq of what it was
    told last (`Sequencer.applied_seq` always does).
    """

    async def reached(self, seq: int, *, within: float | None = PATIENCE) -> None:
        """Returns once every command up to `seq` is in history.

        HistoryBehind when that takes longer than `within` seconds (None: however long it takes), or is known to; HistoryFailed when the
        writer stopped.
        """

    async def orders_by_id(self, ids: Sequence[int]) -> list[Order]:
        """In order of id; unknown ids are left out. At most 10,000 ids (ValueError)."""

    async def terms_of_order(self, order_id: int) -> list[OrderTerms]:
        """What it asked for, oldest first; none when it was never replaced. One with seq 0 stands first when earlier ones are not known."""

    async def orders(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        market: int | None = None,
        side: int | None = None,
        state: OrderFilter = "all",
        traded: bool | None = None,
        tag: str | None = None,
    ) -> list[Order]:
        """Orders of an account. `traded`: only those with (True) or without (False) a fill. `tag`: only those that bear it.

        What is open *now* the core knows better (`Engine.open_orders`): this view may be a batch behind.
        """

    async def fills(self, account: int, page: Page = WHOLE, *, market: int | None = None, tag: str | None = None) -> list[Fill]:
        """Trades of an account, one row a trade. A trade with itself comes once, as its taker. `tag`: of its orders that bear it."""

    async def fills_of_order(self, order_id: int, page: Page = WHOLE) -> list[Fill]:
        """Trades of an order, as that order saw them."""

    async def trades_by_id(self, ids: Sequence[int]) -> list[Trade]:
        """In order of id; unknown ids are left out. At most 10,000 ids (ValueError)."""

    async def trade_at(self, time: int) -> Trade | None:
        """The one trade of that µs (dialects that use a trade's time as its id)."""

    async def market_trades(self, market: int, page: Page = WHOLE, *, primary: bool | None = None) -> list[Trade]:
        """Public trades of a market; with `primary` True those that count each coin once, with False the others."""

    async def entries(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        asset: int | None = None,
        business: int | None = None,
        kind: int | None = None,
        trade_id: int | None = None,
    ) -> list[LedgerEntry]:
        """Ledger entries of an account. `kind` (TransferKind) implies business transfer, `trade_id` business trade."""

    async def entry_count(self, account: int, *, asset: int | None = None, business: int | None = None) -> int:
        """How many entries there are; for views that print a number of pages."""

    async def balances_at(self, account: int, seq: int, assets: Sequence[int]) -> list[Balance]:
        """What the account had of these assets right after command `seq`, in that order; those that it had never touched are left out."""

    async def transfer(self, transfer_id: int) -> Transfer | None: ...

    async def transfers(self, account: int, page: Page = WHOLE, *, asset: int | None = None, kind: int | None = None) -> list[Transfer]:
        """Transfers from or to an account, paged by `source_entry`."""

    async def transfers_with(self, word: str, value: str, *, kind: int | None = None, limit: int = 100) -> list[Transfer]:
        """Transfers whose memo has this word with this value (a coupon's hash, an address, a txid), oldest first.

        Values are compared as text: an integer memo value as its decimal digits.
        """

    async def notes(self, account: int, since: int) -> list[Note]:
        """Notes at or after `since` (µs) whose memo names the account (`fold.NOTE_ACCOUNT`), oldest first; the newest 10,000."""

    async def volumes(self, since: int, *, account: int | None = None, market: int | None = None) -> list[Volume]:
        """Per market with trades at or after `since`: count, sums, high, low; of one account's trades when given. In order of market."""

    async def candles(self, market: int, interval: int, start: int, end: int, limit: int = 1_000) -> list[Candle]:
        """Candles of `interval` seconds with start <= candle.start < end, oldest first, only those with trades, the newest `limit`.

        ValueError unless the interval is a multiple of 60 that divides a day, or a whole number of days. Weeks begin on Monday, UTC.
        """

    async def market_pasts(
        self, markets: Sequence[int], trades: int, seconds_since: int, candles: Sequence[WantedCandles]
    ) -> list[MarketPast]:
        """What market data starts from: of these markets the newest `trades`, candles of one second from `seconds_since` (seconds) on, and
        the candles wanted.

        Of the first markets only, at least one, when together they have very many rows: the rest is another question.
        """


class StoreReads(Protocol):
    """The queries of `HistoryReads`, blocking, as a store answers them. One thread at a time, on a connection of its own."""

    def orders_by_id(self, ids: Sequence[int]) -> list[Order]: ...

    def terms_of_order(self, order_id: int) -> list[OrderTerms]: ...

    def orders(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        market: int | None = None,
        side: int | None = None,
        state: OrderFilter = "all",
        traded: bool | None = None,
        tag: str | None = None,
    ) -> list[Order]: ...

    def fills(self, account: int, page: Page = WHOLE, *, market: int | None = None, tag: str | None = None) -> list[Fill]: ...

    def fills_of_order(self, order_id: int, page: Page = WHOLE) -> list[Fill]: ...

    def trades_by_id(self, ids: Sequence[int]) -> list[Trade]: ...

    def trade_at(self, time: int) -> Trade | None: ...

    def market_trades(self, market: int, page: Page = WHOLE, *, primary: bool | None = None) -> list[Trade]: ...

    def entries(
        self,
        account: int,
        page: Page = WHOLE,
        *,
        asset: int | None = None,
        business: int | None = None,
        kind: int | None = None,
        trade_id: int | None = None,
    ) -> list[LedgerEntry]: ...

    def entry_count(self, account: int, *, asset: int | None = None, business: int | None = None) -> int: ...

    def balances_at(self, account: int, seq: int, assets: Sequence[int]) -> list[Balance]: ...

    def transfer(self, transfer_id: int) -> Transfer | None: ...

    def transfers(self, account: int, page: Page = WHOLE, *, asset: int | None = None, kind: int | None = None) -> list[Transfer]: ...

    def transfers_with(self, word: str, value: str, *, kind: int | None = None, limit: int = 100) -> list[Transfer]: ...

    def notes(self, account: int, since: int) -> list[Note]: ...

    def volumes(self, since: int, *, account: int | None = None, market: int | None = None) -> list[Volume]: ...

    def candles(self, market: int, interval: int, start: int, end: int, limit: int = 1_000) -> list[Candle]: ...

    def market_pasts(
        self, markets: Sequence[int], trades: int, seconds_since: int, candles: Sequence[WantedCandles]
    ) -> list[MarketPast]: ...

    def close(self) -> None: ...


class EventSource(Protocol):
    """Where the events of commands that were never fed, or fed too fast, come from: the journal, run through a core again."""

    @property
    def last_seq(self) -> int:
        """The last command that the source can deliver now."""

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        """(encoded events, last seq) from command `after_seq + 1` on, in order, up to the end as it is when it gets there."""
