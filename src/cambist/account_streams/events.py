"""What durable frames did to single accounts: for private pushes. Nothing is kept, and nothing is done for accounts that nobody follows."""

from __future__ import annotations  # Event is a name of the stub only

import logging
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from cambist import _core
from cambist.domain.events import EventFilter, kinds_of
from cambist.domain.orders import Side
from cambist.domain.trades import Appearance
from cambist.domain.units import AccountId


class AccountEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that concerns an account, with the seq and the time (µs) of the command that caused it and that command's meta.

    A trade between two linked markets comes as TradeExecuted of the own order's market, at its price and with its total; `appearance` tells
    that it is one of two. With itself an account sees both.
    """

    seq: int
    time: int
    meta: bytes
    event: _core.Event
    appearance: Appearance = Appearance.ONLY


Follower = Callable[[AccountId, "list[AccountEvent]"], None]
"""Gets (account, what one durable frame did to it, in order)."""

CommandFollower = Callable[[Sequence[_core.CommandApplied]], None]
"""Gets the wanted commands of one durable frame, in order."""

_log = logging.getLogger(__name__)


class AccountStreams:
    """Followers of accounts. The events that concern an account: its orders', its trades', its balances' and its transfers'."""

    def __init__(self) -> None:
        self._followers: dict[AccountId, list[Follower]] = {}
        self._command_followers: list[tuple[EventFilter, CommandFollower]] = []

    @property
    def followed(self) -> bool:
        """Whether anybody follows any account."""
        return bool(self._followers)

    def follow(self, account: AccountId, follower: Follower) -> Callable[[], None]:
        """Calls back once per durable frame that did something to this account. Returns what ends it.

        The callback runs on the loop in the middle of the frame's delivery: it queues, it does not wait. What it raises is logged.
        """
        self._followers.setdefault(account, []).append(follower)

        def unfollow() -> None:
            followers = self._followers.get(account, [])
            if follower in followers:
                followers.remove(follower)
            if not followers:
                self._followers.pop(account, None)

        return unfollow

    def follow_commands(self, commands: int, word: bytes, follower: CommandFollower) -> None:
        """Calls back, for as long as the venue runs, with every command of these kinds (`commands_of`) that has `word` in its meta."""
        self._command_followers.append((EventFilter(kinds_of(_core.CommandApplied), commands, word), follower))

    def apply(self, run: bytes) -> None:
        """Takes one durable frame: its events as encoded. They are looked at only while somebody follows. ValueError: no event run."""
        for event_filter, command_follower in self._command_followers:
            found = event_filter.of(run)
            if found:
                try:
                    command_follower(cast("list[_core.CommandApplied]", found))
                except Exception:
                    _log.exception("a follower of commands failed")
        followed = self._followers
        if not followed:
            return
        events = _core.decode_events(run)
        account_events: dict[AccountId, list[AccountEvent]] = {}
        command: _core.CommandApplied | None = None
        for event in events:
            if isinstance(event, _core.CommandApplied):
                command = event
                continue
            for delivered, accounts, appearance in _deliveries(event):
                for account in accounts:
                    if account in followed and command is not None:
                        one = AccountEvent(command.seq, command.time, command.meta, delivered, appearance)
                        account_events.setdefault(account, []).append(one)
        for account, happened in account_events.items():
            for follower in tuple(followed.get(account, ())):
                try:
                    follower(account, happened)
                except Exception:
                    # One follower's bug must not take the others' pushes, or the sequencer, with it.
                    _log.exception("a follower of an account failed")


def _deliveries(event: _core.Event) -> tuple[tuple[_core.Event, tuple[AccountId, ...], Appearance], ...]:
    """An event, and whom it concerns. Each side of a trade between two linked markets sees an ordinary trade of its own market."""
    if not isinstance(event, _core.ConvertedTradeExecuted):
        return ((event, _concerned(event), Appearance.ONLY),)
    maker, taker = (
        (Appearance.SECONDARY, Appearance.PRIMARY) if event.taker_side == Side.BUY else (Appearance.PRIMARY, Appearance.SECONDARY)
    )
    return ((event.as_maker(), (event.maker_account,), maker), (event.as_taker(), (event.taker_account,), taker))


def _concerned(event: _core.Event) -> tuple[AccountId, ...]:
    """Whose event this is."""
    if isinstance(event, _core.BalanceChanged):
        return (event.account,)
    if isinstance(event, _core.TradeExecuted):
        maker, taker = event.maker_account, event.taker_account
        return (maker,) if maker == taker else (maker, taker)
    if isinstance(
        event, _core.OrderAccepted | _core.OrderRejected | _core.OrderDone | _core.OrderReplaced | _core.StopTriggered | _core.StopTrailed
    ):
        return (event.account,)
    if isinstance(event, _core.TransferPosted | _core.TransferPending | _core.TransferVoided):
        return (event.source, event.destination)
    return ()
