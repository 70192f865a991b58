"""Typed stub of the native module: the core, the journal, and exact number texts. docs/internals/core.md defines the semantics.

Units: *time* µs since the epoch; *price* and *amount* integers in the market's units; *atoms* integers in the asset's ledger scale.
"""

from collections.abc import Iterator, Sequence, Set
from typing import ClassVar, Final, final

from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.journal_port import JournalReads

WORLD: Final[AccountId]
FEES: Final[AccountId]
COUPONS: Final[AccountId]
WITHDRAWALS: Final[AccountId]
MERCHANTS: Final[AccountId]
CONVERSION: Final[AccountId]
"""Stands between the two currencies of a converted trade."""
FIRST_USER_ACCOUNT: Final[AccountId]
ALL_MARKETS: Final[MarketId]
BOTH_SIDES: Final = 255
NO_FEE_OVERRIDE: Final = 0xFFFFFFFF
MAX_ATOMS: Final[int]
RATE_ONE: Final = 1_000_000_000_000
"""The rate of the anchor of a linked group."""
MAX_RATE: Final = 1_000_000_000_000_000_000
REJECTS: Final[dict[int, str]]
"""Rejection code to its name in docs/internals/core.md, `{1: "TimeWentBack", ...}`."""

@final
class Outcome:
    """One command's answer; fields as in docs/internals/core.md#outcome."""

    code: int
    seq: int
    id: int
    status: int
    filled: int
    remaining: int
    count: int
    total: int

    @staticmethod
    def refused(code: int, seq: int) -> Outcome:
        """An outcome that the core never saw: everything zero but these two."""
    def texts(self, amount_scale: int, total_scale: int) -> tuple[str, str, str, str]:
        """`id`, `filled`, `remaining` and `total` as texts, numbers as `format_units` has them. ValueError for a scale above 36."""

@final
class Balance:
    asset: AssetId
    available: int
    held: int

@final
class AssetSpec:
    id: AssetId
    code: str
    scale: int
    display_scale: int

@final
class MarketSpec:
    """A market as it stands: fees and limits may change, id, assets and scales never do."""

    id: MarketId
    base: AssetId
    quote: AssetId
    price_scale: int
    amount_scale: int
    self_trade: int
    status: int
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int
    maker_ppm: int
    taker_ppm: int
    last_price: int
    quote_unit: int
    base_unit: int

@final
class LiveOrder:
    """A resting or waiting order (`waiting` is true for an untriggered stop)."""

    order_id: int
    account: AccountId
    market: MarketId
    side: int
    type: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    filled: int
    remaining: int
    stop_price: int
    expire_at: int
    funds: int
    client_id: int
    maker_ppm: int
    taker_ppm: int
    created: int
    waiting: bool
    trail: int
    """Of a waiting stop that trails: price units (flag 8) or ppm (flag 16); `stop_price` is then its trigger as it is now."""

@final
class PendingTransfer:
    transfer_id: int
    source: AccountId
    destination: AccountId
    asset: AssetId
    kind: int
    amount: int

# --- events: attributes are the fields of docs/internals/core.md#events; `from`/`to` read source/destination -----------
@final
class LinkedGroup:
    """Markets of one base whose orders meet across currencies; `rates` are (asset, rate, set_at) in order of asset."""

    id: int
    base: AssetId
    anchor: AssetId
    fee_ppm: int
    max_age: int
    markets: list[MarketId]
    rates: list[tuple[AssetId, int, int]]

@final
class CommandApplied:
    KIND: ClassVar[int]
    seq: int
    time: int
    command: int
    code: int
    id: int
    meta: bytes

@final
class OrderAccepted:
    KIND: ClassVar[int]
    order_id: int
    account: AccountId
    market: MarketId
    side: int
    type: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    stop_price: int
    expire_at: int
    funds: int
    client_id: int
    maker_ppm: int
    taker_ppm: int

@final
class OrderRejected:
    KIND: ClassVar[int]
    account: AccountId
    market: MarketId
    code: int

@final
class TradeExecuted:
    KIND: ClassVar[int]
    trade_id: int
    time: int
    market: MarketId
    taker_side: int
    taker_market: bool
    maker_account: AccountId
    taker_account: AccountId
    maker_order: int
    taker_order: int
    price: int
    amount: int
    maker_remaining: int
    taker_remaining: int
    total: int
    maker_fee: int
    taker_fee: int

@final
class OrderDone:
    KIND: ClassVar[int]
    order_id: int
    account: AccountId
    market: MarketId
    side: int
    reason: int
    remaining: int
    filled: int

@final
class OrderReplaced:
    KIND: ClassVar[int]
    order_id: int
    account: AccountId
    market: MarketId
    kept_priority: bool
    price: int
    amount: int
    stop_price: int
    remaining: int

@final
class StopTriggered:
    KIND: ClassVar[int]
    order_id: int
    account: AccountId
    market: MarketId
    last_price: int

@final
class BalanceChanged:
    KIND: ClassVar[int]
    entry_id: int
    account: AccountId
    asset: AssetId
    business: int
    reference: int
    change_available: int
    change_held: int
    available: int
    held: int

@final
class BookLevelChanged:
    KIND: ClassVar[int]
    market: MarketId
    side: int
    orders: int
    price: int
    amount: int

@final
class TransferPosted:
    KIND: ClassVar[int]
    transfer_id: int
    source: AccountId
    destination: AccountId
    asset: AssetId
    kind: int
    was_pending: bool
    amount: int

@final
class TransferPending:
    KIND: ClassVar[int]
    transfer_id: int
    source: AccountId
    destination: AccountId
    asset: AssetId
    kind: int
    amount: int

@final
class TransferVoided:
    KIND: ClassVar[int]
    transfer_id: int
    source: AccountId
    destination: AccountId
    asset: AssetId
    kind: int
    amount: int

@final
class AccountOpened:
    KIND: ClassVar[int]
    account: AccountId

@final
class AssetCreated:
    KIND: ClassVar[int]
    asset: AssetId
    code: str
    scale: int
    display_scale: int

@final
class MarketCreated:
    KIND: ClassVar[int]
    market: MarketId
    base: AssetId
    quote: AssetId
    price_scale: int
    amount_scale: int
    self_trade: int
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int
    maker_ppm: int
    taker_ppm: int

@final
class MarketLimitsSet:
    KIND: ClassVar[int]
    market: MarketId
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int

@final
class MarketStatusSet:
    KIND: ClassVar[int]
    market: MarketId
    status: int

@final
class MarketFeesSet:
    KIND: ClassVar[int]
    market: MarketId
    maker_ppm: int
    taker_ppm: int

@final
class AccountFeesSet:
    KIND: ClassVar[int]
    account: AccountId
    maker_ppm: int
    taker_ppm: int

@final
class MaxOpenOrdersSet:
    KIND: ClassVar[int]
    count: int

@final
class CancelAfterSet:
    KIND: ClassVar[int]
    account: AccountId
    due: int

@final
class CancelAfterFired:
    KIND: ClassVar[int]
    account: AccountId
    orders: int
    due: int

@final
class StopTrailed:
    """Where the trigger of a stop that trails stands: after it was accepted, and when it stops waiting."""

    KIND: ClassVar[int]
    order_id: int
    account: AccountId
    market: MarketId
    trail: int
    stop_price: int

@final
class ConvertedTradeExecuted:
    """A trade between two markets of a linked group: as the taker's market sees it, and (resting_…) as the maker's does.

    One trade, one id. The buyer's appearance is the primary one: the taker's when `taker_side` is 0. Fees are in what each received.
    """

    KIND: ClassVar[int]
    trade_id: int
    time: int
    market: MarketId
    taker_side: int
    taker_market: bool
    maker_account: AccountId
    taker_account: AccountId
    maker_order: int
    taker_order: int
    price: int
    amount: int
    maker_remaining: int
    taker_remaining: int
    total: int
    maker_fee: int
    taker_fee: int
    resting_market: MarketId
    resting_price: int
    resting_total: int

    def as_taker(self) -> TradeExecuted:
        """As an ordinary trade of the taker's market."""
    def as_maker(self) -> TradeExecuted:
        """As an ordinary trade of the market in which the maker's order rests."""

@final
class LinkedGroupCreated:
    KIND: ClassVar[int]
    group: int
    base: AssetId
    anchor: AssetId
    fee_ppm: int
    max_age: int

@final
class MarketLinked:
    KIND: ClassVar[int]
    group: int
    market: MarketId

@final
class MarketUnlinked:
    KIND: ClassVar[int]
    group: int
    market: MarketId

@final
class LinkedGroupTermsSet:
    KIND: ClassVar[int]
    group: int
    fee_ppm: int
    max_age: int

@final
class ConversionRateSet:
    """`rate` 0: there is none any more."""

    KIND: ClassVar[int]
    group: int
    asset: AssetId
    rate: int

Event = (
    CommandApplied
    | OrderAccepted
    | OrderRejected
    | TradeExecuted
    | OrderDone
    | OrderReplaced
    | StopTriggered
    | BalanceChanged
    | BookLevelChanged
    | TransferPosted
    | TransferPending
    | TransferVoided
    | AccountOpened
    | AssetCreated
    | MarketCreated
    | MarketLimitsSet
    | MarketStatusSet
    | MarketFeesSet
    | AccountFeesSet
    | MaxOpenOrdersSet
    | CancelAfterSet
    | CancelAfterFired
    | StopTrailed
    | ConvertedTradeExecuted
    | LinkedGroupCreated
    | MarketLinked
    | MarketUnlinked
    | LinkedGroupTermsSet
    | ConversionRateSet
)

def decode_events(events: bytes, kinds: int = ..., commands: int = ..., word: bytes = ...) -> list[Event]:
    """The events of an encoded run, in order; with `kinds`, only those whose bit `1 << KIND` is set. ValueError: no event run.

    Of CommandApplied only those whose command's bit `1 << command` is set in `commands`, and those whose meta has `word` in it.
    """

def market_changes(
    runs: list[bytes],
) -> list[tuple[MarketId, dict[tuple[int, int], tuple[int, int, int]], list[tuple[int, int, int, int, int, bool, int]]]]:
    """What encoded runs did to markets: (market, levels, trades), a market as it first comes up.

    Levels as they are in the end, {(side, price): (amount, orders, time of the command)}, as they first come up; trades in order:
    (trade id, time, taker's side, price, amount, taker_market, appearance). ValueError: no event run.
    """

@final
class AvailableTemplate:
    """Text with a gap for what is available of each asset, made once for many accounts."""

    def __new__(cls, pieces: Sequence[str]) -> AvailableTemplate: ...
    @property
    def pieces(self) -> list[str]: ...

@final
class RowTable:
    """Rows of one of history's tables, made Python values in the portions that are asked for."""

    def __len__(self) -> int: ...
    def values(self, first: int, count: int) -> list[int | str | None]:
        """The rows from `first` on, at most `count`: one row's values after the other's. Integers of more than 64 bits are decimal text."""
    def copy_text(self, first: int, count: int) -> bytes:
        """The same rows as lines of PostgreSQL's COPY text format, made without the interpreter. A text is what stands between the quotes
        of its JSON form."""

@final
class RowFold:
    """Folds the events of orders, trades and balances into history's rows, without the interpreter. What it holds can be taken once."""

    def __new__(cls, seq: int, time: int, next_order: int, next_trade: int, next_entry: int) -> RowFold: ...
    @property
    def cursor(self) -> tuple[int, int, int, int, int]: ...
    @property
    def seq(self) -> int: ...
    @property
    def size(self) -> int:
        """Rows held."""
    def feed(self, run: bytes) -> list[tuple[TransferPending | TransferPosted | TransferVoided, int, int, bytes, int, int]]:
        """Folds a run; gives its transfers: (event, seq, time, meta, source's entry, destination's entry or 0).

        Commands up to `seq` are passed over; ValueError when one after it is missing, or for no event run.
        """
    def take_orders(self) -> RowTable: ...
    def take_trades(self) -> RowTable: ...
    def take_entries(self) -> RowTable: ...
    def take_order_changes(
        self,
    ) -> list[tuple[int, tuple[int, int | None, int | None, int | None, int, int, int, int, int]]]:
        """Of orders accepted before: (id, (updated, price, amount, stop price, filled, total, fee, reason, triggered))."""
    def take_terms(self) -> list[tuple[int, int, int, int, int, int]]:
        """Of each replacement what the order asks for from then on: (order, seq, time, price, amount, stop price). An order that the run
        accepted has its first terms before them, with a stop price of 0 where its trigger moves.
        """
    def take_seconds(self) -> list[tuple[tuple[int, int], tuple[int, int, int, int, int, int, int]]]:
        """Candles of one second: ((market, second), (open, high, low, close, volume, notional, count))."""
    def take_marks(self) -> list[tuple[int, int, int, int]]:
        """At each command whose seq is a multiple of 1,024: (seq, time, next order, next entry)."""

def first_command(run: bytes) -> int:
    """Seq of the command that a run of events begins with, 0 for an empty run. ValueError: no such run."""

class LedgerViolation(Exception):
    """A command changed the sum of all balances of an asset, or left an account with less than nothing: a bug, the process must stop.

    The message names the command and the asset. Whatever lets out what an engine did raises it from then on: `take_commands`,
    `take_events`, `snapshot`, `state_hash`, `apply_batch`, `replay`. So the command is never journaled and never acknowledged.
    """

@final
class Engine:
    """The core with its outboxes: every typed call applies one command and keeps its record and its events until taken.

    Not thread-safe: one thread at a time. Integers that do not fit their field raise OverflowError before anything happens.
    """

    def __init__(self) -> None: ...
    @staticmethod
    def restore(snapshot: bytes) -> Engine:
        """ValueError when the bytes are no canonical state."""
    def snapshot(self) -> bytes: ...
    def state_hash(self) -> bytes:
        """32 bytes, BLAKE3 of the canonical state. Costs a walk over the whole state."""
    @property
    def seq(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def next_order_id(self) -> int: ...
    @property
    def next_trade_id(self) -> int: ...
    @property
    def next_entry_id(self) -> int: ...
    @property
    def catalogue_version(self) -> int:
        """Grows with every command that changes assets, markets, fees, limits or status, however it was applied. No two engines of one
        process have the same one, restored ones included: what was read of the catalogue is current while the version is the same.
        """

    # Commands; `time` must not go back. What is left out is 0, and `meta` empty.
    def open_account(self, time: int, meta: bytes = ...) -> Outcome: ...
    def create_asset(self, time: int, code: str, scale: int, display_scale: int, meta: bytes = ...) -> Outcome: ...
    def create_market(
        self,
        time: int,
        base: int,
        quote: int,
        price_scale: int,
        amount_scale: int,
        self_trade: int,
        min_price: int,
        max_price: int,
        min_amount: int,
        max_amount: int,
        min_total: int,
        maker_ppm: int,
        taker_ppm: int,
        meta: bytes = ...,
    ) -> Outcome: ...
    def set_market_limits(
        self, time: int, market: int, min_price: int, max_price: int, min_amount: int, max_amount: int, min_total: int, meta: bytes = ...
    ) -> Outcome: ...
    def set_market_status(self, time: int, market: int, status: int, meta: bytes = ...) -> Outcome: ...
    def set_market_fees(self, time: int, market: int, maker_ppm: int, taker_ppm: int, meta: bytes = ...) -> Outcome: ...
    def set_account_fees(self, time: int, account: int, maker_ppm: int, taker_ppm: int, meta: bytes = ...) -> Outcome: ...
    def set_max_open_orders(self, time: int, count: int, meta: bytes = ...) -> Outcome: ...
    def place_order(
        self,
        time: int,
        account: int,
        market: int,
        side: int,
        type: int,
        tif: int,
        flags: int,
        self_trade: int,
        price: int,
        amount: int,
        stop_price: int = ...,
        expire_at: int = 0,
        funds: int = ...,
        client_id: int = ...,
        meta: bytes = ...,
    ) -> Outcome: ...
    def place_oco(
        self,
        time: int,
        account: int,
        market: int,
        side: int,
        tif: int,
        flags: int,
        self_trade: int,
        price: int,
        amount: int,
        stop_price: int,
        stop_limit_price: int = ...,
        expire_at: int = 0,
        client_id: int = ...,
        stop_client_id: int = ...,
        meta: bytes = ...,
    ) -> Outcome:
        """A limit order and a stop of which one cancels the other. The outcome is the limit order's; the stop's id is the next one."""
    def place_trailing(
        self,
        time: int,
        account: int,
        market: int,
        side: int,
        type: int,
        tif: int,
        flags: int,
        self_trade: int,
        price: int,
        amount: int,
        trail: int,
        expire_at: int = 0,
        funds: int = ...,
        client_id: int = ...,
        meta: bytes = ...,
    ) -> Outcome:
        """A stop whose trigger follows the price: `flags` 8 has `trail` in price units, 16 in ppm of the price."""
    def cancel_order(self, time: int, account: int, order_id: int, meta: bytes = ...) -> Outcome: ...
    def cancel_many(self, time: int, account: int, order_ids: Sequence[int], meta: bytes = ...) -> Outcome: ...
    def cancel_all(self, time: int, account: int, market: int = ..., side: int = ..., meta: bytes = ...) -> Outcome: ...
    def replace_order(
        self, time: int, account: int, order_id: int, price: int = ..., amount: int = ..., stop_price: int = ..., meta: bytes = ...
    ) -> Outcome: ...
    def set_cancel_after(self, time: int, account: int, due: int, meta: bytes = ...) -> Outcome:
        """Arms the account's dead man's switch: advance_time to or past `due` (µs) cancels all its orders. 0 disarms."""
    def transfer(
        self,
        time: int,
        transfer_id: int,
        source: int,
        destination: int,
        asset: int,
        kind: int,
        pending: int,
        amount: int,
        meta: bytes = ...,
    ) -> Outcome: ...
    def post_transfer(self, time: int, transfer_id: int, meta: bytes = ...) -> Outcome: ...
    def void_transfer(self, time: int, transfer_id: int, meta: bytes = ...) -> Outcome: ...
    def advance_time(self, time: int, meta: bytes = ...) -> Outcome: ...
    def note(self, time: int, meta: bytes = ...) -> Outcome: ...
    def create_linked_group(self, time: int, base: int, anchor: int, fee_ppm: int, max_age: int, meta: bytes = ...) -> Outcome:
        """`max_age` in µs; 0: rates do not age."""
    def link_market(self, time: int, group: int, market: int, meta: bytes = ...) -> Outcome: ...
    def unlink_market(self, time: int, market: int, meta: bytes = ...) -> Outcome: ...
    def set_linked_group_terms(self, time: int, group: int, fee_ppm: int, max_age: int, meta: bytes = ...) -> Outcome: ...
    def set_conversion_rates(self, time: int, group: int, rates: Sequence[tuple[int, int]], meta: bytes = ...) -> Outcome:
        """(asset, rate) in order of asset; rate in RATE_ONE-ths of the anchor for one whole unit, 0 takes it back."""
    def submit(self, time: int, records: bytes) -> Outcome:
        """Applies a run of command records, each as if it had been given at `time`; returns the last one's outcome.

        As the typed calls, they go to the outboxes. ValueError, and nothing applied, when the run is empty or not made of whole,
        well-formed records.
        """
    def follow(self, records: bytes) -> Outcome:
        """Applies records of a log at their own times; returns the last one's outcome. Their events are kept until taken, and nothing goes
        to the outbox of commands. ValueError as `submit`.
        """
    def apply_batch(self, commands: bytes, events: bool = True) -> tuple[bytes, bytes]:
        """Applies a run of command records with the GIL released; nothing goes to the outboxes.

        Returns (outcomes, events): outcomes are 2-byte little-endian codes, one a command; events is empty when not asked for.
        ValueError, and nothing applied, when the run is not made of whole, well-formed records.
        """
    def take_commands(self) -> tuple[int, int, int, bytes]:
        """(first_seq, count, time of the last, records) since the last take; count 0 and empty bytes when there was none."""
    def take_events(self) -> bytes:
        """Encoded events since the last take."""
    def replay(
        self,
        journal: JournalReads,
        until_seq: int | None = None,
        events: bool = False,
        frames: int = ...,
        event_bytes: int = ...,
    ) -> bytes:
        """Applies up to `frames` frames of a journal after `seq`, checking CRC, chain and every recorded state hash.

        Ends early once it made `event_bytes` of events. Call again until `seq` stops growing. Returns the encoded events when asked for.
        A journal of this module is read natively, with the GIL released; any other implementation of the port by its `read`. Raises
        JournalDamaged and what `read` raises.
        """

    # Reads: pure functions of the log. What is asked of one account or market raises IndexError when there is none such; what looks for
    # something (orders, levels, transfers) answers empty.
    def assets(self) -> list[AssetSpec]: ...
    def markets(self) -> list[MarketSpec]: ...
    def market(self, market: int) -> MarketSpec: ...
    @property
    def accounts(self) -> int:
        """How many accounts there are, system accounts included."""
    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """(available, held) atoms; (0, 0) for what was never touched."""
    def balances(self, account: int) -> list[Balance]:
        """The assets that the account touched, in order of asset."""
    def available_text(self, account: int, template: AvailableTemplate) -> str:
        """The template's pieces with, between each two, what is available of the next asset of the venue: cut to its display scale, in
        shortest fixed notation ("0", "16.5607577"). IndexError: no such account, or not one piece more than there are assets.
        """
    def account_fees(self, account: int, market: int) -> tuple[int, int]:
        """(maker_ppm, taker_ppm) that a new order would get."""
    def order(self, order_id: int) -> LiveOrder | None: ...
    def open_orders(self, account: int, market: int = ...) -> list[LiveOrder]:
        """In order of id."""
    def open_order_count(self, account: int) -> int: ...
    def order_by_client_id(self, account: int, client_id: int) -> int:
        """The remembered order's id, 0 when none."""
    def depth(self, market: int, limit: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks) of (price, amount), best first, at most `limit` levels a side (0: all)."""
    def best(self, market: int) -> tuple[int, int]:
        """(best bid, best ask), 0 for an empty side."""
    def linked_groups(self) -> list[LinkedGroup]: ...
    def linked_group_of(self, market: int) -> int | None: ...
    def converted_depth(self, market: int, limit: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks) of (price, amount) that a taker could take in this market right now, best first, at most `limit` a side (0: all):
        its own levels and, converted and as far as the conversion account can pay, those of the other books of its group. Each can be
        taken at its price or better while rates, books and funds stand. Of a market without a group: `depth`.
        """
    def placed_orders(self) -> list[tuple[int, list[tuple[int, int]]]]:
        """By market: how many orders were taken, and (code, how many) of those that were not, of all that were placed by calls of
        this engine; a pair counts once."""
    def live_orders(self, market: int) -> int: ...
    def next_expiry(self) -> int:
        """When time has to be advanced next: the earliest `expire_at` of a live order or `due` of a cancel-after, 0 when none."""
    def cancel_after(self, account: int) -> int:
        """When the account's orders will be cancelled (µs), 0 when that is not armed."""
    def pending_transfer(self, transfer_id: int) -> PendingTransfer | None: ...
    def pending_transfers(self) -> list[PendingTransfer]: ...
    def transfer_used(self, transfer_id: int) -> bool: ...
    def totals(self) -> list[tuple[int, int, int]]:
        """Per asset (world, everybody else's available, everybody else's held): the three add up to zero, always."""

# --- numbers --------------------------------------------------------------------------------------------------------------
def format_units(value: int, scale: int, digits: int = ...) -> str:
    """Exact fixed-notation text of value * 10^-scale. digits < 0 or left out: shortest form; else exactly so many decimals, cut off.

    A value cut to zero has no sign. ValueError above 36 digits or scale, OverflowError beyond 128 bits.
    """

def form_fields(body: bytes, limit: int) -> dict[str, str]:
    """Fields of an `application/x-www-form-urlencoded` body or query, at most the first `limit`. Empty ones are left out, of a repeated
    one the last counts, and wrong encodings become U+FFFD.
    """

def all_names_differ(text: bytes) -> bool:
    """Whether a JSON text is an object without objects or arrays within, at most 32 members and no escapes, whose names all differ. Of a
    text that is no JSON it says nothing. When False, somebody has to look closer.
    """

class RepeatedField(Exception):
    """A field came twice that must not; its argument is the name, in lower case."""

class TooManyFields(Exception):
    """More fields than are taken."""

@final
class HeaderFields:
    """Collects the header fields of requests. At most `most` a request; one that is sent again is joined to the first with `, ` (cookies
    with `; `), unless its name is in `once`.
    """
    def __new__(cls, most: int, once: Set[bytes]) -> HeaderFields: ...
    def begin(self) -> dict[bytes, bytes]:
        """A new dict, by lower-case name, which the fields from here on go to."""
    def add(self, name: bytes, value: bytes) -> None:
        """One more field. RepeatedField, TooManyFields."""

@final
class OnceOnlyNonces:
    """Which nonces were used, by key id, where a nonce may be used once and in any order. Nonces are 64-bit integers above -2^63; runs of
    them are bytes as an `array("q")` has them.
    """
    def __new__(cls, most: int) -> OnceOnlyNonces:
        """At most so many nonces of a key can be used at a time."""
    def use(self, key_id: int, nonce: int) -> bool:
        """True, and remembered, when it was not used before, is a nonce, and the key has room."""
    def remember(self, key_id: int, nonce: int) -> None:
        """The same of one that was accepted before: there is always room."""
    def take_newest(self) -> dict[int, bytes]:
        """By key, a run of those that were used or remembered since the last time. They stay used."""
    def load(self, key_id: int, run: bytes) -> None:
        """Remembers a run that was taken in an earlier process."""
    def forget(self, key_id: int, run: bytes) -> None:
        """These may be used again."""
    def key_ids(self) -> list[int]:
        """The keys with nonces that were used, in no order."""

@final
class HmacKey:
    """A secret for HMACs (RFC 2104): what depends on it alone is computed once. No message or MAC is kept."""
    def __new__(cls, digest: str, secret: bytes) -> HmacKey:
        """`digest` is `sha256`, `sha384` or `sha512`; ValueError for another one."""
    def mac(self, message: bytes) -> bytes:
        """The HMAC of a message."""
    def verify(self, message: bytes, mac: bytes) -> bool:
        """Whether that is the message's HMAC. Takes the same time wherever they differ."""
    def verify_hex(self, message: bytes, mac: bytes) -> bool:
        """The same of an HMAC in hex digits, lower case."""

@final
class SignedRequests:
    """Requests that are signed with an HMAC in hex digits (lower case) over timestamp, method, path, query and body, each on a line of its
    own; timestamp (µs since 1970) and signature are header fields.
    """
    def __new__(cls, timestamp: bytes, signature: bytes, window: int) -> SignedRequests:
        """The names of both fields, in lower case, and how far timestamps may be from now, µs."""
    def hmac_nonce(self, key: HmacKey, headers: dict[bytes, bytes], method: str, path: str, query: bytes, body: bytes, now: int) -> int:
        """What `nonce` gives for the HMAC of a request; 0 when the signature is missing or wrong, wherever it is in the same time."""
    def message(self, headers: dict[bytes, bytes], method: str, path: str, query: bytes, body: bytes) -> bytes:
        """What is signed."""
    def nonce(self, digest: bytes, headers: dict[bytes, bytes], now: int) -> int:
        """A once-only nonce that stands for the request, as `Meta.nonce` has it: -1 to -(2^63 - 1), made of the first eight bytes of a
        digest of the request. 1 when its timestamp is not 1 to 17 digits, or not within the window of `now`.
        """

def client_units(text: str, scale: int) -> int | None:
    """As `parse_units`, of what a client wrote: None for what is no number, is finer than the scale or has more than 64 characters, and
    2^64 for what is larger: beyond every limit of a market, and still of a size that callers can compare.
    """

def plain_units(text: str, scale: int) -> int | None:
    """As `parse_units`, of a text of 1 to 30 digits and perhaps a point with 1 to 18 digits behind it; None for every other text, for one
    that is finer than the scale, and for 2^96 and more.
    """

def whole_number(text: str) -> int | None:
    """A non-negative integer written in plain ASCII digits, at most 20 of them (2^64 has 20); None for all else."""

def parse_units(text: str, scale: int) -> int:
    """Non-negative decimal text (optional plus, digits, one point, exponent of up to six digits, blanks around it) to an integer.

    ValueError when it is no such text, has more significant decimals than `scale`, is 2^96 or more, or has digits for far more than that.
    """

# --- journal ----------------------------------------------------------------------------------------------------------------
class JournalError(Exception):
    """The journal refused or could not do something; it is as it was."""

class JournalLocked(JournalError):
    """Another process has the directory open."""

class JournalFenced(JournalError):
    """The epoch is not that of the newest opening: another writer has taken over. Nothing was appended."""

class JournalDamaged(JournalError):
    """args: (reason, file, offset). Damage that was never a torn tail; the files are left as they are.

    A log without files names its stream, and the message's number in it.
    """

class JournalFormatUnknown(JournalError):
    """The files are of a format that another version of this program writes."""

class JournalFailed(JournalError):
    """A write or sync failed: the process must stop."""

@final
class Journal:
    """The file journal: one writer thread, group commit. See docs/reference/journal-format.md.

    It is a `JournalPort`; what that says of a method (src/cambist/exchange/journal_port.py) is not repeated here.
    """

    @staticmethod
    def open(
        directory: str,
        segment_bytes: int = ...,
        create: bool = True,
        *,
        verify_from: int = 1,
        space_retry_seconds: float = 1.0,
        synced: bool = True,
    ) -> Journal:
        """Locks the directory, checks the log, cuts a torn tail, starts the writer. JournalLocked, JournalDamaged, JournalError.

        `segment_bytes` (64 MiB, at least 16 KiB) is for new segments. Of segments that end before `verify_from` only the headers are
        checked: for callers whose snapshot covers them. Without `synced` what is acknowledged survives the process, but no power cut.
        """
    @property
    def cut(self) -> tuple[str, int, int] | None:
        """(file, offset, bytes) of the torn, never acknowledged tail that opening removed."""
    @property
    def identity(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def space_low(self) -> bool:
        """The next segment could not be preallocated: only the rest of this one and the reserve are left.

        Asking makes the writer look for space again, at most every `space_retry_seconds`.
        """
    def fileno(self) -> int: ...
    def last(self) -> Last: ...
    def read(self, from_seq: int = 1) -> Iterator[Frame]: ...
    def follow(self, from_seq: int = 1) -> Follower: ...
    def append(self, expected_last_seq: int, epoch: int, count: int, time: int, commands: bytes) -> int:
        """Blocks only while the writer preallocates a segment that it had no time for. What waits while a sync is under way becomes one
        frame. A frame for which even the reserve has no room is refused.
        """
    def checkpoint(self, seq: int, epoch: int, state_hash: bytes) -> None: ...
    def acknowledge(self) -> int: ...
    def wait(self) -> int:
        """Releases the GIL."""
    def close(self) -> None:
        """Stops the writer and unlocks the directory, after a failure too."""

@final
class JournalCopy:
    """The journal's files of a log that is written elsewhere, for the one process that adds to them. Methods may be called from any thread.

    Frames come whole, in that log's bytes. Files, readers and checks are those of `Journal`, which can be opened on them afterwards.
    """

    @staticmethod
    def open(directory: str, identity: int | None = None, segment_bytes: int = ..., *, synced: bool = True) -> JournalCopy:
        """Locks the directory, checks what is there, cuts a torn tail; makes a copy of the journal `identity` where there is none.

        JournalLocked; JournalDamaged, also when the directory holds another journal; JournalError, also when there is no journal and no
        identity. Without `synced` what was appended survives the process, but no power cut.
        """
    @property
    def cut(self) -> tuple[str, int, int] | None:
        """(file, offset, bytes) of the torn tail that opening removed: the log that it was copied from has it."""
    @property
    def identity(self) -> int: ...
    @property
    def epoch(self) -> int:
        """Of the last frame; 1 without frames."""
    def last(self) -> Last: ...
    def append(self, encoded: bytes) -> Last:
        """Adds the frame that comes next and returns the new end; the frame before it is durable then. Releases the GIL.

        JournalError with nothing changed: the bytes are no whole frame of this journal, it does not come next, no space, closed.
        JournalFailed.
        """
    def sync(self) -> None:
        """Makes everything durable, and has the next segment ready. Releases the GIL. JournalFailed; JournalError when closed."""
    def close(self) -> None:
        """Notes the end and unlocks the directory. Idempotent. JournalFailed the first time when not everything became durable."""

@final
class ReadOnlyJournal:
    """The files of a journal, not locked, beside a running writer or when there is none: a `JournalReads`.

    What a running writer has written and not yet synced is read too.
    """

    def __new__(cls, directory: str) -> ReadOnlyJournal:
        """JournalError when there is no journal, or one of another format; JournalDamaged."""
    @property
    def identity(self) -> int: ...
    def read(self, from_seq: int = 1) -> Iterator[Frame]: ...

@final
class Follower:
    """What `Journal.follow` returns: a `Follower` of the port. RuntimeError when two threads use it at once."""

    def __iter__(self) -> Follower: ...
    def __next__(self) -> Frame: ...
    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Releases the GIL."""
    def fileno(self) -> int: ...
    def close(self) -> None: ...

@final
class Last:
    """Where a log ends."""

    seq: int
    """The last command handed in."""
    durable_seq: int
    hash: bytes
    """Of the last durable frame; 32 zeroes without frames."""
    def __new__(cls, seq: int, durable_seq: int, hash: bytes) -> Last:
        """ValueError unless the hash has 32 bytes."""

@final
class Frame:
    """A validated frame; fields as in docs/reference/journal-format.md. `decode_frame` makes one from its bytes."""

    kind: int  # 1 commands, 2 checkpoint
    epoch: int
    first_seq: int
    count: int
    time: int
    prev_hash: bytes
    payload: bytes
    hash: bytes
    file: str
    """The segment it was read from; a log without files names its stream."""
    offset: int
    """In that file; or the message's number in the stream."""
    @property
    def last_seq(self) -> int:
        """Of a checkpoint: the seq behind which it stands."""

def encode_frame(
    journal_identity: int, epoch: int, kind: int, first_seq: int, count: int, time: int, prev_hash: bytes, payload: bytes
) -> bytes:
    """A frame in the journal's bytes, padded. ValueError when no reader would take it."""

def decode_frame(encoded: bytes, journal_identity: int, file: str, offset: int) -> Frame:
    """Reads bytes that are exactly one frame of that journal; `file` and `offset` say where they stood. JournalDamaged.

    Whether it continues the chain is for the reader to compare: `prev_hash`, `first_seq` and `epoch`.
    """

def decode_commands(records: bytes) -> list[tuple[int, int, bytes, bytes]]:
    """(kind, time, body, meta) per record."""

def sent_commands(run: bytes) -> list[tuple[int, int, int, int, int, int]]:
    """(kind, key id, nonce, edge, counter, where the record ends) per record of a run that an edge sent. ValueError: it is none."""

def commands_of_edge(run: bytes, edge: int) -> list[tuple[int, int, int]]:
    """(kind, counter, where the record ends) of those records of a run that this edge sent. ValueError."""

def used_nonces(events: bytes) -> list[tuple[int, int, int, int]]:
    """(key id, nonce as `Meta.nonce` has it, seq, time) of each command of an encoded run of events that used a nonce. ValueError."""

@final
class SnapshotOrigin:
    """Of which log a snapshot is: the one with this identity that holds a frame with this hash ending at `frame_seq`."""

    journal_identity: int
    epoch: int
    """The opening that wrote the snapshot."""
    frame_seq: int
    frame_hash: bytes
    def __new__(cls, journal_identity: int, epoch: int, frame_seq: int, frame_hash: bytes) -> SnapshotOrigin:
        """ValueError unless the hash has 32 bytes."""

@final
class Snapshot:
    """A whole snapshot as its file holds it."""

    seq: int
    path: str
    state: bytes
    origin: SnapshotOrigin | None
    """None: written by a program that did not say."""

def write_snapshot(directory: str, seq: int, origin: SnapshotOrigin, state: bytes, keep: int = 3) -> str:
    """tmp, fsync, rename, fsync of the directory; older ones beyond `keep` are removed. Returns the path. JournalError."""

def load_snapshot(path: str) -> Snapshot | None:
    """None when the file is not whole, or not of the seq in its name. FileNotFoundError: a running venue removes old ones.
    JournalError when it cannot be read.
    """

def snapshot_files(directory: str) -> list[tuple[int, str]]:
    """(seq, path) of the files named like snapshots, newest first. No directory: none. JournalError."""

@final
class Column:
    """One number of a row, and how it is written. `field` is the number's place in the row."""

    @staticmethod
    def decimal(field: int, scale: int, digits: int = ...) -> Column:
        """The value times 10^-scale in fixed notation: with exactly `digits` decimals, cut toward zero, or (-1) in the shortest form."""
    @staticmethod
    def integer(field: int, multiply: int = 1, divide: int = 1, plus: int = 0, zero: int = 0) -> Column:
        """The value times `multiply`, divided by `divide` (toward zero), `plus` something, without a point; without `plus`, `zero` is
        written for a value of 0."""
    @staticmethod
    def utc(field: int, digits: int = 3) -> Column:
        """A time in µs as `2018-06-01T12:34:56.789Z`, with so many decimals of a second (at most 6)."""
    @staticmethod
    def choice(field: int, texts: Sequence[bytes]) -> Column:
        """The text that the value numbers; the last one for a value beyond them. ValueError for none."""

@final
class RowForm:
    """What stands between the numbers of a row, and between rows; made once for many rows."""

    def __new__(cls, pieces: Sequence[bytes], columns: Sequence[Column], separator: bytes = ...) -> RowForm:
        """`pieces` before, between and behind the columns. ValueError unless there is one more of them."""

@final
class LevelBook:
    """The price levels of one market, as somebody who follows it was told. Prices and amounts are in the market's units, times µs."""

    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def load(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        """Replaces everything by these levels of (price, amount)."""
    def set(self, side: int, price: int, amount: int, time: int) -> int:
        """Makes a level that amount (0: gone) at `time`. Returns what stood there."""
    def changed_at(self, side: int, price: int) -> int:
        """Time of the command that changed this level last; 0 for one that has stood since `load`, and for none."""
    def depth(self, limit: int = 0, step: int = 1) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks) of (price, amount), best first, at most `limit` a side (0: all). Levels are merged into multiples of `step`, asks
        up and bids down, so that a merged book never looks better than it is; their amounts add."""
    def best(self) -> tuple[int, int]:
        """(best bid, best ask), 0 for an empty side."""
    def taken(self, side: int, amount: int) -> tuple[int, int]:
        """What an order against this side would take, best levels first: (amount, sum of price times amount). Less when less is there."""
    def text(self, side: int, form: RowForm, *, step: int = 1, multiply: int = 1, near: int = 0, worst_first: bool = False) -> RowText:
        """One side as text, of the book as it is now whatever happens later; nothing is written yet. A row's fields are 0 the price
        times `multiply` and merged by `step`, 1 the amount, 2 the time of the last change. `near`: only levels at most so many percent
        from the best price. `worst_first`: in the other order, for which the whole text must be written. ValueError for another field."""

@final
class TradeLog:
    """The last `most` trades of one market."""

    def __new__(cls, most: int) -> TradeLog: ...
    def __len__(self) -> int: ...
    def extend(self, newer: Sequence[tuple[int, int, int, int, int, bool, int]]) -> None:
        """Adds newer ones, oldest first: (trade id, time, taker's side, price, amount, taker_market)."""
    def first_id(self, since: int) -> int:
        """The id of the first trade at or after `since` (µs), 0 for none."""
    def text(self, form: RowForm, *, since_id: int = 0, oldest_first: bool = False) -> RowText:
        """Those with ids above `since_id` as text, newest first unless told otherwise, of the log as it is now whatever comes later;
        nothing is written yet. A row's fields are those of `extend`, from 0 on. ValueError for another field."""

@final
class RowText:
    """Rows as text, written bit by bit."""

    @property
    def size(self) -> int:
        """Bytes written."""
    def has(self, rows: int) -> bool:
        """Whether so many rows (0: all) are written, or all that there are."""
    def write(self, rows: int, looks: int) -> bool:
        """Writes until there are so many rows in all (0: all), looking at no more than `looks` levels or trades now. Returns what `has`
        would."""
    def parts(self, rows: int = 0) -> tuple[bytes, ...]:
        """The first so many rows (0: all) of what is written, in pieces that are shared by all who ask."""
