"""What a running venue does by the clock: expiries, coins, views on disk, snapshots. One task each, ended together."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cambist.app.wiring import Venue
from cambist.exchange.commands import JournalStopped

EXPIRY_SECONDS = 0.1
WALLET_SECONDS = 1.0
MERCHANT_SECONDS = 0.5
VIEWS_SECONDS = 2.0
SNAPSHOT_LOOK_SECONDS = 5.0

_log = structlog.get_logger("cambist.app")


class PeriodicTasks:
    """Starts with the venue's loop; `stop` before the venue is closed."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for seconds, duty in (
            (EXPIRY_SECONDS, self._expire),
            (WALLET_SECONDS, self._move_coins),
            (MERCHANT_SECONDS, self._serve_shops),
            (VIEWS_SECONDS, self._write_views),
            (SNAPSHOT_LOOK_SECONDS, self._snapshot),
        ):
            self._tasks.append(asyncio.create_task(self._every(seconds, duty)))

    async def stop(self) -> None:
        """Lets a periodic task that is at work finish, then ends them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._venue.merchants.outbox.close()

    async def _every(self, seconds: float, duty: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                # Shielded: a write to a file that has begun is not to be left half done by a stop.
                await asyncio.shield(duty())
            except asyncio.CancelledError:
                raise
            except JournalStopped:
                return
            except Exception as error:
                _log.exception("a periodic task failed", duty=duty.__name__)
                self._venue.failed(error)
                return

    async def _expire(self) -> None:
        expiry = self._venue.engine.next_expiry()
        if 0 < expiry <= self._venue.clock():
            self._venue.sequencer.advance()

    async def _move_coins(self) -> None:
        for trouble in self._venue.wallet.tick(self._venue.clock()):
            _log.warning("a coin movement was refused", transfer=f"{trouble.transfer_id:032x}", step=trouble.step, code=trouble.code)

    async def _serve_shops(self) -> None:
        merchants = self._venue.merchants
        merchants.service.tick(self._venue.clock())
        merchants.outbox.begin_due()

    async def _write_views(self) -> None:
        await self._venue.write_views()

    async def _snapshot(self) -> None:
        venue = self._venue
        if venue.sequencer.durable_seq - venue.snapshot_seq >= venue.config.journal.snapshot_every:
            seq, _ = await venue.write_snapshot()
            _log.info("snapshot written", seq=seq)
