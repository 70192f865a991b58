"""Times that clients name by their own clocks are judged by this machine's clock, wherever the venue's time is meanwhile."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cambist.dialects.btse import Settings
from cambist.exchange.journaled_nonces import once_only_nonces
from tests.dialects.btce_wex import floor as btce_wex
from tests.dialects.btse import floor as btse
from tests.dialects.expie import floor as expie
from tests.dialects.mtgox import floor as mtgox
from tests.support.floor import TradingFloor

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
DAY = 24 * HOUR


@dataclass
class Windows:
    """A dialect with a window for its clients' clocks. `accepted(time)`: whether an owner's request of that time (µs) was taken."""

    floor: TradingFloor
    accepted: Callable[[int], Awaitable[bool]]
    server_time: Callable[[], Awaitable[int]]
    """Unix seconds, as the dialect tells whoever asks what time it is."""

    def recall(self) -> None:
        """What the running venue does once a second."""
        nonces, journal = self.floor.directory.nonces, self.floor.journal
        since = nonces.wanted_since()
        if since is not None:
            self.floor.sequencer.drain()
            nonces.recall(once_only_nonces(journal, journal.last().seq, since), since)


def of_btse(folder: Path) -> Windows:
    floor = btse.Floor(folder, Settings())
    alice = floor.trader("alice", USD="100000")
    path, body = "/api/v3.2/order", b'{"symbol":"BTC-USD","side":"BUY","type":"LIMIT","price":"5","size":"1"}'

    async def accepted(time: int) -> bool:
        headers = btse.signed_headers(alice.key.key, alice.key.secret, path, time // 1_000, body)
        reply = await floor.send("POST", f"/spot{path}", body, headers)
        assert reply.status in (200, 401)
        return reply.status == 200

    async def server_time() -> int:
        return int((await floor.public(f"{btse.V3}/time"))["epoch"])

    return Windows(floor, accepted, server_time)


def of_mtgox(folder: Path) -> Windows:
    floor = mtgox.Floor(folder)
    alice = floor.trader("alice", USD="100000")

    async def accepted(time: int) -> bool:
        body = f"tonce={time}".encode()
        reply = await floor.send("POST", "/api/1/generic/private/orders", body, alice.headers(body))
        assert reply.status in (200, 403)
        return reply.status == 200

    async def server_time() -> int:
        return floor.clock.wall() // SECOND  # the original has no method for it

    return Windows(floor, accepted, server_time)


async def of_expie(folder: Path) -> Windows:
    floor = expie.Floor(folder)
    await floor.server.start()
    alice = floor.trader("alice", USD="100000")

    async def accepted(time: int) -> bool:
        client = await floor.socket()
        tonce = time // 1_000
        sign = hashlib.md5(f"access_id={alice.key.key}&tonce={tonce}&secret_key={alice.token}".encode()).hexdigest().upper()
        answer = await client.request("server.sign", [alice.key.key, sign, tonce])
        await client.connection.close()
        return answer["error"] is None

    async def server_time() -> int:
        client = await floor.socket()
        return int(await client.call("server.time"))

    return Windows(floor, accepted, server_time)


@pytest.fixture(params=["btse", "mtgox", "expie"])
async def windows(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Windows]:
    match request.param:
        case "btse":
            windows = of_btse(folder)
        case "mtgox":
            windows = of_mtgox(folder)
        case _:
            windows = await of_expie(folder)
    yield windows
    if isinstance(windows.floor, expie.Floor):
        for client in windows.floor.clients:
            await client.connection.close()
        await windows.floor.server.stop(deadline=0.5)
    windows.floor.close()


@pytest.mark.parametrize("meanwhile", [SECOND, 10 * MINUTE], ids=["found at once", "found after ten minutes"])
@pytest.mark.parametrize("ahead", [HOUR, 10 * DAY], ids=["an hour", "ten days"])
async def test_who_has_the_right_time_is_let_in_once_a_clock_that_ran_ahead_is_right(windows: Windows, ahead: int, meanwhile: int) -> None:
    clock = windows.floor.clock
    assert await windows.accepted(clock.wall())
    clock.now += ahead  # the machine's clock jumps ahead, and the venue's time with it
    assert not await windows.accepted(clock.wall() - ahead), "nobody can know that the clock is wrong"
    assert await windows.accepted(clock.wall()), "a client on the same machine has the same time"
    clock.now += meanwhile
    clock.ahead = ahead  # set back: the venue's time goes on
    windows.recall()
    clock.now += SECOND
    assert await windows.accepted(clock.wall())
    assert not await windows.accepted(clock.now), "the venue's own time is wrong for everybody"
    assert await windows.server_time() == clock.wall() // SECOND


async def test_who_has_the_right_time_is_let_in_when_the_clock_was_set_forward(windows: Windows) -> None:
    clock = windows.floor.clock
    assert await windows.accepted(clock.wall())
    clock.now += 10 * DAY
    assert await windows.accepted(clock.wall())
    assert not await windows.accepted(clock.wall() - 10 * DAY + SECOND)


@pytest.mark.parametrize("windows", ["btse", "mtgox"], indirect=True)
async def test_what_was_accepted_before_the_clock_was_set_back_is_accepted_once(windows: Windows) -> None:
    clock, ahead = windows.floor.clock, HOUR
    used = [clock.wall() + step * MINUTE for step in (0, 60, 65, 70)]
    for time in used:
        clock.now = max(clock.now, time)
        assert await windows.accepted(time)
    clock.now += 30 * MINUTE  # all are forgotten
    clock.ahead = clock.now - used[0]
    assert not await windows.accepted(clock.wall()), "until the journal was looked at nothing that could be old passes"
    windows.recall()
    for time in used:
        clock.now = max(clock.now, time + clock.ahead)
        assert not await windows.accepted(time)
        assert await windows.accepted(time + 1_000), "a time that was not used"
        assert not await windows.accepted(time + 1_000)
    clock.now += ahead
    assert await windows.accepted(clock.wall())


@pytest.mark.parametrize("windows", ["btse", "mtgox"], indirect=True)
async def test_steps_of_seconds_need_no_journal(windows: Windows) -> None:
    clock = windows.floor.clock
    used = clock.wall()
    assert await windows.accepted(used)
    for _ in range(12):
        clock.now += 10 * SECOND
        assert not await windows.accepted(used)
    clock.ahead += 9 * SECOND
    assert windows.floor.directory.nonces.wanted_since() is None
    assert not await windows.accepted(used)
    assert await windows.accepted(clock.wall())


async def test_nonces_that_only_rise_go_by_no_clock(folder: Path) -> None:
    floor = btce_wex.Floor(folder)
    alice = floor.trader("alice", USD="100000")
    await floor.returned(alice, "getInfo")
    floor.clock.now += HOUR
    floor.clock.ahead = HOUR
    info = await floor.returned(alice, "getInfo")
    assert info["server_time"] == floor.clock.wall() // SECOND
    assert json.loads((await floor.send("GET", "/api/3/info")).content)["server_time"] == floor.clock.wall() // SECOND
    floor.close()
