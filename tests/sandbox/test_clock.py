"""A sandbox's time: held while it is set up, then the machine's, a multiple of it, or nobody's but the one who moves it."""

import asyncio
from collections.abc import Awaitable
from typing import cast

import msgspec
import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.exchange import Catalogue
from cambist.sandbox.clock import MANUAL_START, ManualTime, PacedTime, pace_of
from cambist.sandbox.clock_control import ClockControl
from cambist.sandbox.control.clock import ClockOperations
from cambist.sandbox.control.routes import routes
from cambist.sandbox.past import past_began
from cambist.scheduling import ManualScheduler
from tests.sandbox.floor import SECOND, START, Crew
from tests.support.immediate import immediately
from tests.support.waiting import ticks


async def answered(answer: Reply | Awaitable[Reply]) -> Reply:
    return answer if isinstance(answer, Reply) else await answer


class Machine:
    """The machine's clocks, in ns."""

    def __init__(self) -> None:
        self.time = 1_700_000_000 * 10**9
        self.uptime = 77 * 10**9

    def wall(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.uptime

    def passes(self, seconds: float) -> None:
        self.time += int(seconds * 1e9)
        self.uptime += int(seconds * 1e9)


@pytest.mark.parametrize(
    ("words", "pace"),
    [("real", 1.0), ("manual", 0.0), ("x60", 60.0), ("x0.5", 0.5), ("x0", None), ("60", None), ("x1e3", None), ("x99999", None)],
)
def test_what_the_option_says(words: str, pace: float | None) -> None:
    assert pace_of(words) == pace


@pytest.mark.parametrize("pace", [1.0, 60.0])
def test_time_stands_while_it_is_held_and_never_goes_back(pace: float) -> None:
    machine = Machine()
    time = PacedTime(machine.wall, machine.monotonic, pace)
    began = past_began(time.start)
    time.hold(began)
    assert time.clock() == began
    machine.passes(300)
    assert time.clock() == began
    time.hold(began + SECOND)
    assert time.clock() == began + SECOND
    time.hold(time.start)
    machine.passes(1)
    assert time.clock() == time.start
    time.release()
    now = time.clock()
    assert now == (machine.time // 1_000 if pace == 1.0 else time.start)
    machine.passes(2)
    assert time.clock() == now + int(2 * pace * SECOND)
    assert time.clock.skew == 0


def test_time_that_was_released_can_be_held_again() -> None:
    machine = Machine()
    time = PacedTime(machine.wall, machine.monotonic, 1.0)
    time.hold(time.start)
    assert time.clock() == time.start
    machine.passes(5)
    time.release()
    assert time.clock() == machine.time // 1_000 == time.start + 5 * SECOND
    time.hold(time.start + 9 * SECOND)
    machine.passes(60)
    assert time.clock() == time.start + 9 * SECOND
    time.release()
    assert time.clock() == machine.time // 1_000 == time.start + 65 * SECOND
    assert (time.clock.skew, time.clock.stepped_back) == (0, 0)


def test_a_faster_clock_goes_on_from_where_it_was_when_it_is_ahead_of_the_machines() -> None:
    machine = Machine()
    time = PacedTime(machine.wall, machine.monotonic, 60.0)
    time.hold(time.start)
    later = time.start + 3_600 * SECOND
    time.clock.begin_at(later)
    assert time.clock.skew == 0
    time.release()
    machine.passes(1)
    assert time.clock() == later + 60 * SECOND


def test_a_manual_clock_begins_where_it_always_begins_and_goes_on_from_the_journal() -> None:
    time = ManualTime()
    time.hold(past_began(time.start))
    time.release()
    assert time.clock() == MANUAL_START == time.scheduler().now()
    time.clock.begin_at(MANUAL_START + SECOND)
    assert time.clock() == MANUAL_START + SECOND == time.scheduler().now()
    time.release()
    assert time.clock() == MANUAL_START + SECOND


class Controlled:
    """A manual clock on a floor with traders, and what its control did."""

    def __init__(self, followed: bool = False) -> None:
        self.crew = Crew("calm", seed=4)
        self.drained = 0
        self.control = ClockControl(self.crew.floor.scheduler, self.drain, lambda: followed)
        engine = self.crew.floor.engine
        operations = ClockOperations(self.crew.floor.scheduler.now, engine, Catalogue(engine), self.control, 0.0)
        self.show, self.move = (route.handler for route in routes(operations.bound()))

    async def drain(self) -> None:
        self.drained += 1

    async def post(self, body: str, **headers: str) -> tuple[int, dict[str, object]]:
        fields = {b"host": b"127.0.0.1:8700", b"content-type": b"application/json"}
        fields |= {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        request = Request("POST", "/sandbox/clock", headers=fields, body=body.encode(), client="127.0.0.1")
        reply = await answered(self.move(request))
        return reply.status, msgspec.json.decode(reply.body)


async def test_nothing_moves_until_it_is_told_to() -> None:
    controlled = Controlled()
    controlled.crew.open()
    assert controlled.crew.trades() == []
    status, state = await controlled.post('{"advance": 60}')
    assert (status, state["micros"]) == (200, START + 60 * SECOND)
    assert state["time"] == "2017-07-14T02:41:00.000000Z"
    assert controlled.crew.trades()
    assert controlled.drained > 0


async def test_it_stops_where_a_price_is_reached_or_an_order_is_done() -> None:
    controlled = Controlled()
    crew = controlled.crew
    alice = crew.floor.open_account(USD=1_000_000)
    crew.open()
    await controlled.post('{"advance": 1}')
    _, ask = crew.floor.engine.best(0)
    order = immediately(crew.floor.place(alice, 0, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, ask - 1, 10**6)).outcome.id
    status, state = await controlled.post(f'{{"run_until": {{"order": {order}, "within": 600}}}}')
    assert (status, state["met"]) == (200, True)
    assert crew.floor.engine.order(order) is None
    assert cast("int", state["micros"]) < START + 600 * SECOND
    crew.trades()
    last = crew.floor.engine.market(0).last_price
    price = f"{(last + 500) // 1000}.{(last + 500) % 1000:03}"
    status, state = await controlled.post(f'{{"run_until": {{"market": "btc_usd", "price_at_least": "{price}", "within": 36000}}}}')
    assert (status, state["met"]) == (200, True)
    assert crew.floor.engine.market(0).last_price >= last + 500
    status, state = await controlled.post('{"run_until": {"market": "btc_usd", "price_at_least": "9000", "within": 5}}')
    assert (status, state["met"]) == (200, False)


async def test_a_step_goes_to_the_next_moment_at_which_something_is_due() -> None:
    scheduler, rung = ManualScheduler(START), []
    for delay in (5, 5, 9):
        scheduler.after(delay, lambda: rung.append(scheduler.now() - START))

    async def drain() -> None:
        """Nothing is behind."""

    control = ClockControl(scheduler, drain, lambda: True)
    await control.step(1)
    assert rung == [5, 5]
    await control.step(5)
    assert rung == [5, 5, 9]
    assert control.now == START + 9
    assert await control.run_until(START)
    assert control.now == START + 9


async def test_a_step_moves_on_though_an_earlier_movement_left_something_due_now() -> None:
    """As a periodic call does that waited for the disk while the clock went past its next time."""
    scheduler, rung = ManualScheduler(START), []

    async def look() -> None:
        rung.append(scheduler.now() - START)
        await ticks()

    async def drain() -> None:
        await ticks(5)  # until what waits has gone on, as the disk lets it

    scheduler.every(10, look)
    control = ClockControl(scheduler, drain, lambda: False)
    await control.advance(95)
    assert control.next_due == START + 95
    rung.clear()
    await control.step(1)
    assert (control.now, rung) == (START + 105, [95, 105])
    await control.step(2)
    assert (control.now, rung) == (START + 125, [95, 105, 115, 125])


async def test_two_who_move_it_do_so_one_after_the_other() -> None:
    controlled = Controlled(followed=True)
    controlled.crew.open()
    await asyncio.gather(controlled.control.advance(3 * SECOND), controlled.control.advance(4 * SECOND))
    assert controlled.control.now == START + 7 * SECOND


async def test_followed_or_not_the_market_is_the_same() -> None:
    hashes = []
    for followed in (False, True):
        controlled = Controlled(followed)
        controlled.crew.open()
        await controlled.control.advance(20 * SECOND)
        hashes.append(controlled.crew.floor.engine.state_hash())
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{}", "give one of"),
        ('{"advance": 1, "step": 1}', "give one of"),
        ('{"advance": -1}', "advance: 0 to"),
        ('{"advance": 1e99}', "advance: 0 to"),
        ('{"advance": "1"}', "Expected"),
        ('{"step": 0}', "step: 1 to"),
        ('{"go": 1}', "unknown field"),
        ("advance", "malformed"),
        ('{"run_until": {}}', "a time or a condition"),
        ('{"run_until": {"time": "soon"}}', "is no time"),
        ('{"run_until": {"time": 9e12}}', "seconds away"),
        ('{"run_until": {"order": 7000000}}', "no order 7000000"),
        ('{"run_until": {"market": "btc_xyz", "price_at_most": "1"}}', "no market btc_xyz"),
        ('{"run_until": {"market": "btc_usd"}}', "one of price_at_least, price_at_most"),
        ('{"run_until": {"market": "btc_usd", "price_at_most": "much"}}', "run_until"),
        ('{"run_until": {"market": "btc_usd", "price_at_most": "1", "order": 1}}', "one condition"),
    ],
)
async def test_a_request_that_makes_no_sense_is_told_so_and_moves_nothing(body: str, words: str) -> None:
    controlled = Controlled()
    status, state = await controlled.post(body)
    assert status == 400
    assert words in cast("str", state["error"])
    assert controlled.control.now == START


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:8700"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "localhost:8700", "origin": "http://localhost:3000"}, 403),
        ({"host": "evil.example:8700", "origin": "http://evil.example:8700"}, 403),
        ({"host": "localhost:8700", "sec-fetch-site": "cross-site"}, 403),
        ({"host": "localhost:8700", "sec-fetch-site": "same-site"}, 403),
        ({"host": "localhost:8700", "origin": "http://localhost:8700", "sec-fetch-site": "same-origin"}, 200),
        ({"host": "127.0.0.1:8700", "sec-fetch-site": "none"}, 200),
        ({"host": "localhost"}, 200),
        ({"host": "[::1]:8700"}, 200),
    ],
)
async def test_other_sites_pages_cannot_move_it_and_its_own_can(headers: dict[str, str], status: int) -> None:
    controlled = Controlled()
    assert (await controlled.post('{"advance": 1}', **headers))[0] == status


async def test_nor_can_other_machines() -> None:
    controlled = Controlled()
    request = Request("POST", "/sandbox/clock", headers={b"host": b"127.0.0.1"}, body=b'{"advance": 1}', client="192.0.2.7")
    assert (await answered(controlled.move(request))).status == 403
    assert (await answered(controlled.show(request))).status == 403


async def test_a_clock_that_moves_by_itself_says_so() -> None:
    engine = Crew("quiet").floor.engine
    show, move = (route.handler for route in routes(ClockOperations(lambda: START, engine, Catalogue(engine), None, 60.0).bound()))
    request = Request("GET", "/sandbox/clock", headers={b"host": b"localhost:1", b"content-type": b"application/json"}, client="::1")
    assert msgspec.json.decode((await answered(show(request))).body) == {
        "mode": "x60",
        "time": "2017-07-14T02:40:00.000000Z",
        "micros": START,
    }
    moved = msgspec.structs.replace(request, method="POST", body=b'{"advance": 1}')
    assert (await answered(move(moved))).status == 409
