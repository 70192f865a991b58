"""The order feed: what it says of followed orders is what the events say, from whatever moment on it is followed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.account_streams.orders import OrderFeed, OrderStep
from tests.history.scenes import USERS, Venue, random_command
from tests.support.waiting import ticks

ALICE, BOB = USERS[:2]


@dataclass
class PastFill:
    id: int
    time: int
    total: int
    fee: int


class Scene:
    """A venue whose frames go to a feed, and a history of fills that has everything it is asked to wait for."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.streams = AccountStreams()
        self.caught_up = asyncio.Event()
        self.caught_up.set()
        self.failure: Exception | None = None
        self.trades: list[tuple[int, _core.TradeExecuted]] = []
        self.feed = OrderFeed(self.venue.engine, self.streams, self.reached, self.fills)

    async def reached(self, _seq: int) -> None:
        await self.caught_up.wait()
        if self.failure is not None:
            raise self.failure

    async def fills(self, order_id: int) -> Sequence[PastFill]:
        return [
            PastFill(trade.trade_id, time, trade.total, trade.maker_fee if trade.maker_order == order_id else trade.taker_fee)
            for time, trade in self.trades
            if order_id in (trade.maker_order, trade.taker_order)
        ]

    def frame(self) -> None:
        """Makes what was ordered durable."""
        run = self.venue.cut()
        time = 0
        for event in _core.decode_events(run):
            if isinstance(event, _core.CommandApplied):
                time = event.time
            elif isinstance(event, _core.TradeExecuted):
                self.trades.append((time, event))
        if run:
            self.streams.apply(run)

    def day(self, seed: int, commands: int) -> None:
        dice = random.Random(seed)
        transfers: list[int] = []
        placed: list[int] = []
        for number in range(commands):
            random_command(self.venue, dice, transfers, placed)
            if number % 5 == 4:
                self.frame()
        self.frame()


@pytest.mark.parametrize("seed", range(4))
async def test_every_order_is_what_its_events_add_up_to(seed: int) -> None:
    scene, steps = Scene(), list[OrderStep]()
    scene.feed.follow(ALICE, steps.extend)
    await ticks(3)
    scene.day(seed, 400)
    last = {step.order.id: step.order for step in steps}
    live = {order.order_id: order for order in scene.venue.engine.open_orders(ALICE)}
    assert {number for number, order in last.items() if not order.reason} == set(live)
    for number, order in last.items():
        fills = await scene.fills(number)
        assert (order.total, order.fee) == (sum(fill.total for fill in fills), sum(fill.fee for fill in fills))
        assert order.account == ALICE
        if number in live:
            assert (order.price, order.amount, order.filled, order.waiting) == (
                live[number].price,
                live[number].amount,
                live[number].filled,
                live[number].waiting,
            )
    # Every trade of the account is told once for each of its orders.
    delivered = sorted((trade.trade_id, step.order.id) for step in steps for trade in step.trades)
    mine = [
        (trade.trade_id, number)
        for _time, trade in scene.trades
        for account, number in ((trade.maker_account, trade.maker_order), (trade.taker_account, trade.taker_order))
        if account == ALICE
    ]
    assert delivered == sorted(mine)


@pytest.mark.parametrize("seed", range(4))
async def test_following_later_gives_the_same_from_then_on(seed: int) -> None:
    scene, early, late = Scene(), list[OrderStep](), list[OrderStep]()
    scene.feed.follow(BOB, early.extend)
    scene.day(seed, 200)
    from_seq = scene.venue.engine.seq
    other = OrderFeed(scene.venue.engine, scene.streams, scene.reached, scene.fills)
    other.follow(BOB, late.extend)
    await ticks(3)
    scene.day(seed + 100, 200)
    assert late

    def plain(steps: Sequence[OrderStep]) -> list[tuple[object, ...]]:
        # When an order was placed or replaced last before it was followed, and by which command, only the early feed knows.
        return [
            (step.seq, step.order.id, step.order.filled, step.order.total, step.order.fee, step.order.reason, step.accepted)
            for step in steps
            if step.seq > from_seq
        ]

    assert plain(late) == plain(early)


async def test_what_happens_while_history_is_waited_for_is_told_afterwards() -> None:
    scene, steps = Scene(), list[OrderStep]()
    rests = scene.venue.place(ALICE, 1, 100, 10**6)
    scene.venue.place(BOB, 0, 100, 10**5)
    scene.frame()
    scene.caught_up.clear()
    scene.feed.follow(ALICE, steps.extend)
    await ticks(3)
    scene.venue.place(BOB, 0, 100, 10**5)
    scene.frame()
    await ticks(3)
    assert steps == []
    scene.caught_up.set()
    await ticks(3)
    assert [(step.order.id, step.order.filled, step.accepted) for step in steps] == [(rests.id, 2 * 10**5, False)]


async def test_orders_that_never_traded_do_not_wait_for_history() -> None:
    scene, steps = Scene(), list[OrderStep]()
    scene.venue.place(ALICE, 1, 100, 10**6)
    scene.frame()
    scene.caught_up.clear()
    scene.feed.follow(ALICE, steps.extend)
    await ticks(3)
    scene.venue.place(BOB, 0, 100, 10**5)
    scene.frame()
    assert len(steps) == 1


async def test_a_history_that_fails_leaves_the_follower_unheard_and_the_next_one_tries_again() -> None:
    scene, steps, later = Scene(), list[OrderStep](), list[OrderStep]()
    scene.venue.place(ALICE, 1, 100, 10**6)
    scene.venue.place(BOB, 0, 100, 10**5)
    scene.frame()
    scene.failure = RuntimeError()
    scene.feed.follow(ALICE, steps.extend)
    await ticks(3)
    scene.failure = None
    scene.feed.follow(ALICE, later.extend)
    await ticks(3)
    scene.venue.place(BOB, 0, 100, 10**5)
    scene.frame()
    assert (len(steps), len(later)) == (0, 1)


async def test_who_leaves_is_told_nothing_and_the_last_one_ends_the_account() -> None:
    scene, steps, others = Scene(), list[OrderStep](), list[OrderStep]()
    leave, leave_too = scene.feed.follow(ALICE, steps.extend), scene.feed.follow(ALICE, others.extend)
    await ticks(3)
    leave()
    leave()
    scene.venue.place(ALICE, 1, 100, 10**6)
    scene.frame()
    assert (len(steps), len(others)) == (0, 1)
    leave_too()
    scene.venue.place(ALICE, 1, 100, 10**6)
    scene.frame()
    assert len(others) == 1
