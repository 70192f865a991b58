"""What a running venue does by the clock: expiries, coins, payments, views on disk, snapshots."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cambist.app import integrity
from cambist.app.rates_file import RatesFile
from cambist.app.snapshots import SnapshotUnwritten
from cambist.app.venue import Venue
from cambist.exchange import JournalStopped
from cambist.exchange.journaled_nonces import once_only_nonces
from cambist.scheduling import Timer

MILLISECOND = 1_000
EXPIRY = 100 * MILLISECOND
WALLET = 1_000 * MILLISECOND
MERCHANT = 500 * MILLISECOND
VIEWS = 2_000 * MILLISECOND
SNAPSHOT = 5_000 * MILLISECOND
RATES = 5_000 * MILLISECOND
CLOCK = 1_000 * MILLISECOND
ACTIVITY = 1_000 * MILLISECOND
"""How often each is looked at, µs of the venue's clock."""

_log = structlog.get_logger("cambist.app")


class PeriodicTasks:
    """Starts with the venue's loop; `stop` before the venue is closed. What gives commands or acts outside goes on while the venue leads:
    of several nodes with one journal only one does those."""

    def __init__(self, venue: Venue, rates_file: RatesFile | None = None) -> None:
        self._venue = venue
        self._rates_file = rates_file
        self._timers: list[Timer] = []
        self._running: set[asyncio.Future[None]] = set()
        self._stepped_back = venue.machine_clock.stepped_back

    def start(self) -> None:
        if self._venue.sequencer.leads:
            self.lead()
        self._every(
            (VIEWS, self._write_views),
            (SNAPSHOT, self._snapshot),
            (CLOCK, self._watch_clock),
            (CLOCK, self._recall_nonces),
            (ACTIVITY, self._sample_activity),
        )
        self._timers.append(self._venue.scheduler.after(0, self._guarded(self._check_history)))

    def lead(self) -> None:
        """Starts what only the node does that leads: the venue does from here on."""
        self._every((EXPIRY, self._expire), (WALLET, self._move_coins), (MERCHANT, self._serve_merchants))
        if self._rates_file is not None:
            look = self._guarded(self._rates_file.look)
            self._timers += [self._venue.scheduler.after(0, look), self._venue.scheduler.every(RATES, look, "rates file")]

    def _every(self, *tasks: tuple[int, Callable[[], Awaitable[None]]]) -> None:
        for period, task in tasks:
            self._timers.append(self._venue.scheduler.every(period, self._guarded(task), task.__name__))

    async def stop(self) -> None:
        """Lets what is at work finish, then ends."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        await asyncio.gather(*self._running)
        await self._venue.merchants.outbox.close()

    def _guarded(self, task: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._running.add(ended)
            try:
                await task()
            except JournalStopped:
                return
            except Exception as error:
                _log.exception("a periodic task failed", task=task.__name__)
                self._venue.failed(error)
            finally:
                self._running.discard(ended)
                ended.set_result(None)

        return run

    async def _expire(self) -> None:
        expiry = self._venue.engine.next_expiry()
        if 0 < expiry <= self._venue.clock():
            self._venue.sequencer.advance()

    async def _move_coins(self) -> None:
        if self._venue.wallet_follower.blocked:
            return  # what was booked could not be remembered, and would be asked of the core again and again
        for rejected in await self._venue.wallet.run_due(self._venue.clock()):
            _log.warning("a coin movement was rejected", transfer=f"{rejected.transfer_id:032x}", step=rejected.step, code=rejected.code)

    async def _serve_merchants(self) -> None:
        if self._venue.merchant_follower.blocked:
            return  # nor could it be remembered which notices were sent
        merchants = self._venue.merchants
        await merchants.service.run_due(self._venue.clock())
        merchants.outbox.begin_due()

    async def _write_views(self) -> None:
        await self._venue.write_views()

    async def _snapshot(self) -> None:
        venue = self._venue
        due = venue.sequencer.durable_seq - venue.snapshot_seq >= venue.config.journal.snapshot_every
        if due and venue.write_failures.due(venue.files.snapshots.name):
            try:
                seq, _ = await venue.write_snapshot()
            except SnapshotUnwritten:
                return  # told already, and tried again after a while
            _log.info("snapshot written", seq=seq)

    async def _check_history(self) -> None:
        """Once, beside everything else: history may be large, and trading does not rest on it."""
        if self._venue.config.history.url:
            return  # a database server looks after its own files
        found = await asyncio.to_thread(integrity.damage, self._venue.files.history)
        if found is not None:
            self._venue.readiness.report_degraded("history.sqlite", f"history.sqlite is damaged: {found}")
            _log.error("history.sqlite is damaged: stop the venue and run `cambist rebuild`", found=found)

    async def _sample_activity(self) -> None:
        self._venue.activity.sample()

    async def _watch_clock(self) -> None:
        clock = self._venue.machine_clock
        if clock.stepped_back != self._stepped_back:
            self._stepped_back = clock.stepped_back
            _log.warning("this machine's clock was set back; the venue's time goes on", ahead_seconds=clock.skew / 1_000_000)

    async def _recall_nonces(self) -> None:
        """After this machine's clock was set back: nonces that were forgotten, and that could be taken for new ones now."""
        venue = self._venue
        nonces = venue.directory.nonces
        since = nonces.wanted_since()
        if since is not None:
            used = await asyncio.to_thread(once_only_nonces, venue.journal, venue.sequencer.durable_seq, since)
            nonces.recall(used, since)
            _log.info(
                "nonces used since the time to which the clock was set back were read from the journal", nonces=sum(map(len, used.values()))
            )
