"""In lockstep a history query waits for the last durable command, however far the writer has come."""

import asyncio

from cambist.history import History, HistoryWriter
from cambist.scheduling import Lockstep
from tests.history.scenes import Venue
from tests.support.history_places import HistoryPlace


async def test_every_query_sees_the_last_durable_command(place: HistoryPlace, venue: Venue) -> None:
    writer = HistoryWriter(place.writes())
    writer.start()
    lockstep = Lockstep()
    history = History(place.reads(), writer.reached, lockstep, lambda: venue.runs[-1][1])
    asked = asyncio.ensure_future(history.entry_count(16))
    settled = asyncio.ensure_future(lockstep.settled())
    await asyncio.wait({asked}, timeout=0.05)
    assert not asked.done(), "nothing was fed yet"
    assert not settled.done()
    for raw, last_seq in venue.runs:
        writer.feed(raw, last_seq)
    assert await asked == 3
    await settled
    history.close()
    writer.close()
