"""Commands that go over an edge: each is done once, each outcome is the log's, whatever gets lost on the way and whoever leads."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId
from cambist.exchange import Done, JournalStopped, NonceRejected, OutcomeUnknown
from cambist.exchange.commands import NO_META
from cambist.exchange.log_follower import LogFollower
from cambist.exchange.view import Read
from tests.support.edges import ALICE, BOB, BTC, BTC_USD, PATIENCE, USD, Cluster, Edge
from tests.support.waiting import ticks


def bid(
    edge: Edge, price: int = 1_000, *, account: AccountId = ALICE, side: int = Side.BUY, meta: Meta = NO_META, read: Read[Any] | None = None
) -> "asyncio.Future[Done[Any]]":
    placing: Awaitable[Done[Any]] = edge.commands.place(
        account, BTC_USD, side, OrderType.LIMIT, TimeInForce.GTC, price, 10**8, meta=meta, read=read
    )
    return asyncio.ensure_future(placing)


def open_orders(cluster: Cluster) -> int:
    return cluster.leader.engine.open_order_count(ALICE)


async def test_a_command_is_done_when_the_log_has_it_and_the_edges_state_too() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    cluster.leader.journal.held = True
    placed = bid(edge)
    for _ in range(5):
        await ticks()
        edge.read_log()
    assert cluster.leader.engine.open_order_count(ALICE) == 1
    assert (placed.done(), edge.engine.open_order_count(ALICE)) == (False, 0)
    await edge.settled(placed)
    outcome = placed.result().outcome
    assert (outcome.code, outcome.status, outcome.seq) == (RejectReason.OK, OrderStatus.RESTING, cluster.leader.engine.seq)
    assert edge.engine.order(outcome.id) is not None
    assert edge.engine.state_hash() == cluster.leader.engine.state_hash()


async def test_commands_of_one_tick_leave_together_and_each_reads_the_state_right_after_it() -> None:
    cluster = Cluster()
    edge, other = cluster.edge(), cluster.edge()
    given = [bid(edge, 1_000 + at, read=lambda view: (view.seq, view.open_order_count(ALICE))) for at in range(3)]
    foreign = bid(other)
    await edge.settled(*given)
    await other.settled(foreign)
    assert len(edge.batches) == 1
    first = given[0].result().outcome.seq
    assert [placed.result().read for placed in given] == [(first, 1), (first + 1, 2), (first + 2, 3)]
    assert foreign.result().outcome.code == RejectReason.OK
    assert edge.engine.state_hash() == other.engine.state_hash()


async def test_a_batch_that_is_lost_is_sent_again_and_done_once() -> None:
    cluster = Cluster()
    edge = cluster.edge(lost=lambda number: number == 1)
    placed = bid(edge)
    await edge.settled(placed)
    assert (placed.done(), open_orders(cluster)) == (False, 0)
    edge.elapse(1.0)
    await edge.settled(placed)
    assert (placed.result().outcome.code, open_orders(cluster)) == (RejectReason.OK, 1)
    assert edge.pending.sent_again == 1


async def test_what_is_sent_twice_is_done_once() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    cluster.leader.journal.held = True
    placed = bid(edge)
    await ticks(3)
    edge.elapse(3.0)
    assert len(edge.batches) > 1
    await edge.settled(placed)
    assert (placed.result().outcome.code, open_orders(cluster)) == (RejectReason.OK, 1)
    assert cluster.leader.service.repeated == len(edge.batches) - 1


async def test_a_batch_behind_one_that_was_lost_waits_for_it() -> None:
    """Commands of one edge are never taken in another order than they were given in."""
    cluster = Cluster()
    edge = cluster.edge(lost=lambda number: number == 1)
    first = bid(edge, 1_000)
    await ticks(2)
    second = bid(edge, 1_001)
    await edge.settled(first, second)
    assert first.result().outcome.seq + 1 == second.result().outcome.seq


@pytest.mark.parametrize("durable", [False, True])
async def test_after_a_takeover_an_order_is_there_once(durable: bool) -> None:
    """Whether the leader that died had made it durable, nobody but the log knows."""
    cluster = Cluster()
    edge = cluster.edge()
    cluster.leader.journal.held = True
    placed = bid(edge)
    await ticks(3)
    assert open_orders(cluster) == 1
    if durable:
        cluster.leader.sequencer.drain()
    cluster.kill_leader()
    edge.elapse(2.0)
    assert not placed.done()
    cluster.take_over()
    await edge.settled(placed)
    assert (placed.result().outcome.code, open_orders(cluster)) == (RejectReason.OK, 1)
    assert edge.engine.state_hash() == cluster.leader.engine.state_hash()


async def test_a_leader_that_was_followed_by_another_takes_nothing_that_is_meant_for_that_one() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    zombie = cluster.leader
    cluster.kill_leader()
    cluster.take_over()
    placed = bid(edge)
    await edge.settled(placed)
    before = zombie.engine.seq
    for _, batch in edge.batches:
        assert zombie.service.take(batch) is None
    assert zombie.engine.seq == before


async def test_a_nonce_is_judged_by_the_leader_and_its_rejection_names_the_last_one() -> None:
    cluster = Cluster()
    edge, other = cluster.edge(), cluster.edge()
    taken = bid(edge, meta=Meta(key_id=7, nonce=10))
    await edge.settled(taken)
    used = [bid(other, meta=Meta(key_id=7, nonce=nonce)) for nonce in (10, 9, 11)]
    await other.settled(*used)
    for rejected in used[:2]:
        with pytest.raises(NonceRejected) as rejection:
            rejected.result()
        assert rejection.value.last == 10
    assert used[2].result().outcome.code == RejectReason.OK
    assert open_orders(cluster) == 2


async def test_a_nonce_is_refused_once_the_command_that_used_it_is_in_the_log() -> None:
    cluster = Cluster()
    edge, other = cluster.edge(), cluster.edge()
    cluster.leader.journal.held = True
    taken, again = bid(edge, meta=Meta(key_id=7, nonce=10)), bid(other, meta=Meta(key_id=7, nonce=10))
    await ticks(3)
    assert not again.done()
    await other.settled(again)
    with pytest.raises(NonceRejected) as rejection:
        again.result()
    assert rejection.value.last == 10
    await edge.settled(taken)
    assert taken.result().outcome.code == RejectReason.OK


async def test_a_nonce_that_a_leader_took_and_lost_is_good_with_the_next_one() -> None:
    cluster = Cluster()
    edge, other = cluster.edge(lost=lambda number: number > 1), cluster.edge()
    cluster.leader.journal.held = True
    lost, again = bid(edge, meta=Meta(key_id=7, nonce=10)), bid(other, meta=Meta(key_id=7, nonce=10))
    await ticks(3)
    cluster.kill_leader()
    cluster.take_over()
    await other.settled(again)
    assert again.result().outcome.code == RejectReason.OK
    assert (lost.done(), open_orders(cluster)) == (False, 1)


async def test_a_note_burns_the_nonce_of_a_call_that_only_reads() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    noted = asyncio.ensure_future(edge.commands.note(Meta(key_id=7, nonce=10), read=lambda view: view.seq))
    await edge.settled(noted)
    assert noted.result().read == cluster.leader.engine.seq
    again = bid(edge, meta=Meta(key_id=7, nonce=10))
    await edge.settled(again)
    with pytest.raises(NonceRejected):
        again.result()


async def test_a_rejection_whose_answer_is_lost_is_told_all_the_same() -> None:
    cluster = Cluster()
    cluster.leader.nonces.marks[7] = 10
    edge = cluster.edge(answers_lost=True)
    rejected, behind = bid(edge, meta=Meta(key_id=7, nonce=10)), bid(edge)
    await edge.settled(rejected, behind)
    with pytest.raises(NonceRejected):
        rejected.result()
    alone = bid(edge, meta=Meta(key_id=7, nonce=9))
    await edge.settled(alone)
    assert not alone.done()
    edge.answers_lost = False
    edge.elapse(1.0)
    with pytest.raises(NonceRejected):
        await alone


async def test_without_room_for_orders_a_nonce_is_used_all_the_same() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    resting = bid(edge, meta=Meta(key_id=7, nonce=1))
    await edge.settled(resting)
    cluster.leader.journal.space_low = True
    with_nonce, without = bid(edge, meta=Meta(key_id=7, nonce=2)), bid(edge, read=lambda view: view.seq)
    cancelled = asyncio.ensure_future(edge.commands.cancel(ALICE, resting.result().outcome.id, meta=Meta(key_id=7, nonce=3)))
    await edge.settled(with_nonce, without, cancelled)
    assert [placed.result().outcome.code for placed in (with_nonce, without)] == [RejectReason.JOURNAL_FULL] * 2
    assert cancelled.result().outcome.code == RejectReason.OK
    assert open_orders(cluster) == 0
    used = bid(edge, meta=Meta(key_id=7, nonce=2))
    await edge.settled(used)
    with pytest.raises(NonceRejected):
        used.result()


async def test_a_client_waits_so_long_and_is_told_that_nobody_knows() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    cluster.kill_leader()
    placed = bid(edge)
    await ticks()
    edge.elapse(PATIENCE - 0.2)
    assert not placed.done()
    edge.elapse(0.4)
    with pytest.raises(OutcomeUnknown):
        await placed
    cluster.take_over()
    later = bid(edge)
    await edge.settled(later)
    assert later.result().outcome.code == RejectReason.OK
    assert open_orders(cluster) == 1, "what was given up is not sent any more"
    assert edge.pending.given_up == 1


async def test_who_goes_away_meanwhile_holds_nobody_up() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    gone, here = bid(edge), bid(edge)
    await ticks()
    gone.cancel()
    await edge.settled(here)
    assert here.result().outcome.code == RejectReason.OK
    assert open_orders(cluster) == 2


async def test_an_edge_whose_state_differs_from_the_logs_stops() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    edge.engine.open_account(edge.engine.time)
    waiting = bid(edge)
    await edge.settled(waiting)
    cluster.leader.sequencer.checkpoint()
    edge.read_log()
    assert [type(failure) for failure in edge.failures] == [_core.JournalDamaged]
    with pytest.raises(JournalStopped):
        await edge.commands.note(Meta())


async def test_an_edge_that_begins_inside_a_frame_goes_on_where_its_snapshot_ends() -> None:
    cluster = Cluster()
    full, late = cluster.edge(), cluster.edge()
    given = [bid(full, 1_000 + at) for at in range(5)]
    await full.settled(*given)
    frame = next(iter(cluster.leader.journal.read(cluster.leader.engine.seq)))
    begun = _core.Engine()
    begun.replay(cluster.leader.journal, frame.first_seq + 1)
    LogFollower(begun, late.pending, late.failures.append).apply(frame)
    assert begun.seq == frame.last_seq
    assert begun.state_hash() == cluster.leader.engine.state_hash()


async def test_events_are_published_once_a_frame_in_order() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    published: list[int] = []
    edge.follower.subscribe(
        lambda frame: published.extend(event.seq for event in _core.decode_events(frame.events) if isinstance(event, _core.CommandApplied))
    )
    first = edge.engine.seq + 1
    for at in range(4):
        placed = bid(edge, 1_000 + at)
        await edge.settled(placed)
    assert published == list(range(first, first + 4))


async def test_nonces_are_read_off_events_as_their_metas_say_them() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    events: list[bytes] = []
    edge.follower.subscribe(lambda frame: events.append(frame.events))
    numbers = [(0, 0), (7, 0), (0, 5), (7, 2**63 - 1), (300, -(2**63 - 1)), (1, -1)]
    metas = [Meta(key_id=key_id, nonce=nonce, tag="x") for key_id, nonce in numbers]
    given = [asyncio.ensure_future(edge.commands.note(meta)) for meta in metas]
    await edge.settled(*given)
    within = await _noted(cluster, Meta(key_id=9, nonce=1, memo={"why": "no edge"}))
    edge.read_log()
    seqs = [noted.result().outcome.seq for noted in given]
    expected = [(meta.key_id, meta.nonce, seq) for meta, seq in zip(metas, seqs, strict=True) if meta.key_id and meta.nonce]
    assert [used[:3] for used in _core.used_nonces(b"".join(events))] == [*expected, (9, 1, within)]


async def _noted(cluster: Cluster, meta: Meta) -> int:
    """A command that comes over no edge; its seq."""
    outcome = cluster.leader.commands.note(meta)
    cluster.leader.sequencer.drain()
    return int(outcome.seq)


async def test_what_is_no_batch_is_counted_and_changes_nothing() -> None:
    cluster = Cluster()
    edge = cluster.edge()
    placed = bid(edge)
    await edge.settled(placed)
    _, whole = edge.batches[0]
    before = cluster.leader.engine.seq
    for broken in (b"", whole[:20], whole[:-1], b"X" + whole[1:], whole + b"\0" * 16):
        assert cluster.leader.service.take(broken) is None
    assert (cluster.leader.service.malformed, cluster.leader.engine.seq) == (5, before)


@pytest.mark.parametrize(
    ("call", "arguments", "named"),
    [
        ("place_oco", (ALICE, BTC_USD, Side.SELL, 2_000, 10**8, 500, 400), {"client_id": 2**70, "stop_client_id": 1, "post_only": True}),
        ("place_trailing", (ALICE, BTC_USD, Side.SELL, OrderType.STOP_MARKET, TimeInForce.GTC, 0, 10**8, 10), {"by_ppm": True}),
        ("cancel", (ALICE, 1), {}),
        ("cancel_many", (ALICE, [1, 2, 3]), {}),
        ("cancel_all", (ALICE,), {}),
        ("cancel_after", (ALICE, 99_000_000), {}),
        ("replace", (ALICE, 1), {"price": 5, "amount": 6, "stop_price": 7}),
        ("transfer", (2**100, ALICE, BOB, USD, TransferKind.DEPOSIT, 10**20), {"pending": True}),
        ("post", (2**100,), {}),
        ("void", (2**100,), {}),
        ("note", (Meta(memo={"why": "a test"}),), {}),
        ("open_account", (), {}),
        ("create_asset", ("EUR", 16, 2), {}),
        (
            "create_market",
            (USD, BTC, 3, 8),
            {
                "self_trade": 1,
                "min_price": 1,
                "max_price": 2,
                "min_amount": 3,
                "max_amount": 4,
                "min_total": 2**80,
                "maker_ppm": 5,
                "taker_ppm": 6,
            },
        ),
        ("set_market_limits", (BTC_USD,), {"min_price": 1, "max_price": 2, "min_amount": 3, "max_amount": 4, "min_total": 5}),
        ("set_market_status", (BTC_USD, 1), {}),
        ("set_market_fees", (BTC_USD, 1, 2), {}),
        ("set_account_fees", (ALICE, 1, 2), {}),
        ("set_max_open_orders", (5,), {}),
        ("create_linked_group", (BTC, USD, 1, 2), {}),
        ("link_market", (0, BTC_USD), {}),
        ("unlink_market", (BTC_USD,), {}),
        ("set_linked_group_terms", (0, 1, 2), {}),
        ("set_conversion_rates", (0, [(BTC, 10**12), (USD, 2)]), {}),
    ],
)
async def test_every_command_is_the_same_over_an_edge(call: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Two venues of one past, one commanded over an edge, one from within: the same state, the same outcome."""
    within, over = Cluster(), Cluster()
    edge = over.edge()
    expected = getattr(within.leader.commands, call)(*arguments, **named)
    given = asyncio.ensure_future(getattr(edge.commands, call)(*arguments, **named))
    await edge.settled(given)
    result = given.result()
    outcome = result.outcome if isinstance(result, Done) else result
    fields = ("code", "seq", "id", "status", "filled", "remaining", "count", "total")
    assert [getattr(outcome, name) for name in fields] == [getattr(expected, name) for name in fields]
    assert over.leader.engine.state_hash() == within.leader.engine.state_hash() == edge.engine.state_hash()


async def test_a_number_that_does_not_fit_is_refused_before_anything_happens() -> None:
    edge = Cluster().edge()
    with pytest.raises(OverflowError):
        await edge.commands.cancel(ALICE, 2**64)
    with pytest.raises(OverflowError):
        await edge.commands.note(Meta(tag="x" * 4_096))
    assert len(edge.pending) == 0
