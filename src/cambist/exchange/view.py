"""Reads of the exchange's state: the local core, wherever the commands are sequenced."""

from __future__ import annotations  # the native types are names of the stub only

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from typing_extensions import TypeVar

from cambist.domain.units import AccountId, AssetId, MarketId

if TYPE_CHECKING:
    from cambist._core import AssetSpec, AvailableTemplate, Balance, LinkedGroup, LiveOrder, MarketSpec, PendingTransfer


class View(Protocol):
    """The state after command `seq`. Pure functions of the log: two views at one seq answer alike, in whatever process they are.

    `_core.Engine` is one. Units as in docs/internals/core.md#numbers: prices and amounts are integers in the market's units, balances
    are atoms, times µs. What is asked of one account, asset or market raises IndexError when there is none such; what looks for
    something (orders, levels, transfers) answers empty.
    """

    @property
    def seq(self) -> int:
        """The last command that is in this state."""

    @property
    def time(self) -> int:
        """Of that command, µs."""

    @property
    def next_order_id(self) -> int: ...
    @property
    def next_trade_id(self) -> int: ...
    @property
    def accounts(self) -> int:
        """How many accounts there are, system accounts included."""

    @property
    def catalogue_version(self) -> int:
        """Grows with every command that changed an asset or a market: whoever caches specs compares it."""

    def state_hash(self) -> bytes:
        """Of the whole state, 32 bytes; it takes longer the more there is."""

    def assets(self) -> list[AssetSpec]:
        """By number."""

    def markets(self) -> list[MarketSpec]:
        """By number."""

    def market(self, market: MarketId, /) -> MarketSpec: ...
    def balance(self, account: AccountId, asset: AssetId, /) -> tuple[int, int]:
        """(available, held); (0, 0) for what was never touched."""

    def balances(self, account: AccountId, /) -> list[Balance]:
        """The assets that the account touched, in order of asset."""

    def available_text(self, account: AccountId, template: AvailableTemplate, /) -> str:
        """Available balances as text between the template's pieces, cut to the assets' display scales."""

    def account_fees(self, account: AccountId, market: MarketId, /) -> tuple[int, int]:
        """(maker_ppm, taker_ppm) that a new order would get."""

    def order(self, order_id: int, /) -> LiveOrder | None: ...
    def open_orders(self, account: AccountId, market: MarketId = ..., /) -> list[LiveOrder]:
        """In order of id; of one market or of all."""

    def open_order_count(self, account: AccountId, /) -> int: ...
    def order_by_client_id(self, account: AccountId, client_id: int, /) -> int:
        """The remembered order's id, 0 when none."""

    def cancel_after(self, account: AccountId, /) -> int:
        """When the account's dead man's switch fires, µs; 0 when it is not armed."""

    def depth(self, market: MarketId, limit: int, /) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks) of (price, amount), best first, at most `limit` levels a side (0: all)."""

    def best(self, market: MarketId, /) -> tuple[int, int]:
        """(best bid, best ask), 0 for an empty side."""

    def linked_groups(self) -> list[LinkedGroup]:
        """By number: terms, markets and rates of each."""

    def linked_group_of(self, market: MarketId, /) -> int | None:
        """The number of the group that the market is in."""

    def converted_depth(self, market: MarketId, limit: int, /) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks) that a taker could take in this market right now, the other books of its group included; else `depth`."""

    def live_orders(self, market: MarketId, /) -> int: ...
    def totals(self) -> list[tuple[int, int, int]]:
        """Per asset (world, everybody else's available, everybody else's held), atoms: the three add up to zero, always."""

    def pending_transfer(self, transfer_id: int, /) -> PendingTransfer | None: ...
    def pending_transfers(self) -> list[PendingTransfer]: ...
    def transfer_used(self, transfer_id: int, /) -> bool: ...


T = TypeVar("T", default=None)

Read = Callable[[View], T]
"""What a caller wants to know as of its command: evaluated on the state right after that command, before any later one."""
