"""What a dialect is built with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from cambist.dialect_kit.announcements import Announcements
from cambist.dialect_kit.operator_requests import OperatorRequests
from cambist.dialect_kit.order_rendering import OrderRenderers
from cambist.dialect_kit.shared_counts import SharedCounts
from cambist.domain.state_parts import StateParts

if TYPE_CHECKING:
    from cambist.account_streams.events import AccountStreams
    from cambist.dialect_kit.logins import Logins
    from cambist.dialect_kit.market_texts import MarketTexts
    from cambist.dialect_kit.snippets import Snippet
    from cambist.directory.directory import Directory
    from cambist.directory.values import KeyForm
    from cambist.exchange.catalogue import Catalogue
    from cambist.exchange.commands import Commands
    from cambist.exchange.view import View
    from cambist.history.port import HistoryReads
    from cambist.marketdata.marketdata import MarketData
    from cambist.merchant.merchants import Merchants
    from cambist.scheduling import Scheduler
    from cambist.wallet.service import WalletService


class Durability(Protocol):
    """How far the journal is behind the state."""

    @property
    def durable_seq(self) -> int:
        """The last command that is on disk: what pushes and histories may show."""

    @property
    def backlog(self) -> int:
        """Commands applied and not yet durable."""

    @property
    def waiting_since(self) -> int:
        """Time (µs) of the oldest command that was applied and is not yet durable; 0 when there is none."""


@dataclass(frozen=True, slots=True)
class SandboxFacts:
    """What is told of a sandbox to whoever sits at its machine. `clock`: `real`, `x60` or another pace, or `manual`.

    `demo_users`: the names as which they may log in without a password. Not for strangers: users' passwords follow from the seed.
    """

    seed: int
    clock: str
    preset: str
    demo_users: Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class VenueServices:
    """The running venue's parts, as a dialect's `build` gets them.

    `commands` changes the exchange and `view` reads it; `catalogue` finds assets and markets by their codes. `market_texts` writes long
    books and lists of trades for public reads. `logins` checks names and passwords. `scheduler` is the one for everything
    that waits, and its `now` the venue's time: what happens is stamped with it, and lasts by it. `wall_clock` is this
    machine's clock, µs since 1970: a time that clients name by their own clocks is compared with it, and whoever asks what time it is gets
    it. It may go back; the venue's time does not.
    `entropy(label, length)` gives that many unpredictable bytes; labels never repeat.
    """

    commands: Commands
    view: View
    catalogue: Catalogue
    durability: Durability
    marketdata: MarketData
    market_texts: MarketTexts
    account_streams: AccountStreams
    history: HistoryReads
    directory: Directory
    logins: Logins
    wallet: WalletService
    merchants: Merchants
    scheduler: Scheduler
    wall_clock: Callable[[], int]
    entropy: Callable[[str, int], bytes]
    durable: Callable[[], Awaitable[None]]
    """Returns once everything applied so far is on disk, for what must not be remembered elsewhere before; JournalStopped."""
    operator_requests: OperatorRequests = field(default_factory=OperatorRequests)
    order_renderers: OrderRenderers = field(default_factory=OrderRenderers)
    """How each dialect that is served words an order."""
    key_forms: tuple[KeyForm, ...] = ()
    """The kinds of keys that can be made, of every dialect that is served."""
    snippets: tuple[Snippet, ...] = ()
    """Programs for those keys."""
    state_parts: StateParts = field(default_factory=StateParts)
    """Where a dialect adds what it has in memory only, if its replies depend on that."""
    shared_counts: SharedCounts = field(default_factory=SharedCounts)
    """Where a dialect adds the limits of its callers, for them to hold over all processes that serve them."""
    announcements: Announcements = field(default_factory=Announcements)
    """Where a dialect tells what is in no log to clients of all processes that serve them."""
    coupons_per_day: int = 1_000
    """How many one account may make in 24 hours."""
    transfers_per_day: int = 1_000
    """How often one account may send money to another user in 24 hours."""

    sandbox: SandboxFacts | None = None
    """None: this is no sandbox."""

    @property
    def clock(self) -> Callable[[], int]:
        """The venue's time, µs since 1970."""
        return self.scheduler.now

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now. HistoryError when it does not follow."""
        return self.history.reached(self.view.seq)
