"""What a sandbox needs so that its runs can be compared and repeated: recorded inputs, counted bytes, and on a manual clock lockstep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

import msgspec

from cambist import __version__, _core
from cambist.app.wiring import Environment
from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.exchange import Sequencer
from cambist.exchange.journal_port import JournalReads
from cambist.sandbox.clock import ManualTime, SandboxTime
from cambist.sandbox.clock_control import ClockControl
from cambist.sandbox.control.run import RunOperations, RunState
from cambist.sandbox.request_log import RequestLog
from cambist.sandbox.run_bundle import FORMAT, Bundle, Counted, Manifest, Start, gaps_of, inputs_of, masked_sent, packed
from cambist.sandbox.sent_bytes import SentBytes
from cambist.sandbox.serial_execution import SerialExecution
from cambist.scheduling import Lockstep

COMMANDS = 1
"""The kind of a frame that has commands."""


def commands_of(journal: JournalReads) -> bytes:
    """The records of all durable commands, one after the other."""
    return b"".join(frame.payload for frame in journal.read() if frame.kind == COMMANDS)


class RunRecording:
    """Of one sandbox; made on its event loop, before its first venue is opened. What is of one venue is made anew with each."""

    def __init__(self, time: SandboxTime, start: Start, *, fresh: bool) -> None:
        """`fresh`: the data directory was new."""
        self.time = time
        self.start = start
        self._fresh = fresh
        self._venues = 0
        self._cut = False
        self._hashed = sha256()
        self._hashed_count = 0
        self._frames: Iterator[_core.Frame] | None = None
        self.sent = SentBytes()
        self.lockstep: Lockstep | None = None
        self.serial: SerialExecution | None = None
        self.log: RequestLog | None = None
        if isinstance(time, ManualTime):
            self.lockstep = Lockstep()
            self.serial = SerialExecution(self.lockstep)
            asyncio.get_running_loop().set_default_executor(self.lockstep.threads())

    def environment(self, environment: Environment) -> Environment:
        """The environment in which nothing depends on the machine's speed, where time stands still."""
        return replace(environment, lockstep=self.lockstep)

    def begin(self, time: SandboxTime) -> None:
        """Another venue is to be opened, in a time of its own."""
        self.time = time
        self._venues += 1
        self._hashed, self._hashed_count, self._frames = sha256(), 0, None

    def begin_log(self, services: VenueServices, served: Sequence[DialectService]) -> RequestLog:
        """The log of a venue that has just been made."""
        identify = {dialect.name: dialect.identify for dialect in served if dialect.identify is not None}
        self.log = RequestLog(services.clock, services.view, identify, self.sent)
        if self.lockstep is not None:
            noticed = self.lockstep.noticed
            self.log.subscribe(lambda _record: noticed())
        return self.log

    # --- what came of it ----------------------------------------------------------------------------------------------------

    def operations(self, sequencer: Sequencer, shown_faults: Callable[[], object]) -> RunOperations:
        """`/sandbox/run` and `/sandbox/bundle` on this run."""

        async def durable() -> None:
            barrier = sequencer.barrier()
            if barrier is not None:
                await asyncio.shield(barrier)

        async def state() -> RunState:
            await durable()
            return self._state(sequencer.journal)

        async def bundle() -> bytes:
            await durable()
            found = self.bundle(sequencer.journal, shown_faults())
            return await asyncio.to_thread(packed, found)

        return RunOperations(state, bundle)

    def _state(self, journal: JournalReads) -> RunState:
        log = self.opened_log
        return RunState(
            __version__,
            self.start,
            sha256(msgspec.json.encode(self.start.configuration, order="sorted")).hexdigest(),
            self.time.clock(),
            log.inputs,
            self.commands_hash(journal),
            self.sent_hash(),
            gaps_of(log, self.sent, self.start, fresh=self._fresh, changed=self._venues > 1, cut=self._cut),
        )

    def bundle(self, journal: JournalReads, shown_faults: object = None) -> Bundle:
        """All that is durable, and all that was asked up to now but the request for it."""
        log = self.opened_log
        gaps = gaps_of(log, self.sent, self.start, fresh=self._fresh, changed=self._venues > 1, cut=self._cut)
        manifest = Manifest(FORMAT, __version__, self.start, self.time.clock(), self.commands_hash(journal), self.sent_hash(), gaps)
        inputs = inputs_of(log)
        if log.current is not None:
            inputs = [each for each in inputs if each.number != log.current.number]
        return Bundle(manifest, inputs, commands_of(journal), masked_sent(self.sent), shown_faults)

    def commands_hash(self, journal: JournalReads) -> Counted:
        """Of all durable commands; goes on from where it was asked last."""
        if self._frames is None:
            self._frames = journal.read()
        for frame in self._frames:
            if frame.kind == COMMANDS:
                self._hashed.update(frame.payload)
                self._hashed_count += frame.count
        return Counted(self._hashed_count, self._hashed.hexdigest())

    def sent_hash(self) -> Counted:
        """Of all bytes up to now."""
        return Counted(self.sent.bytes, self.sent.hash, self.sent.connections)

    @property
    def opened_log(self) -> RequestLog:
        """The log, once the venue is made."""
        assert self.log is not None
        return self.log

    def outermost(self) -> list[Interceptor]:
        """What stands before everything, whichever venue is open."""
        return [] if self.serial is None else [self.serial]

    def clock_control(self, services: VenueServices, sequencer: Sequencer) -> ClockControl | None:
        """Who moves the clock; None for one that moves by itself."""
        time, lockstep, serial = self.time, self.lockstep, self.serial
        if not isinstance(time, ManualTime) or lockstep is None or serial is None:
            return None

        def others() -> bool:
            """Whether anybody waits for the clock but the request that moves it."""
            return lockstep.unanswered > 1

        def followed() -> bool:
            return services.marketdata.followed or services.account_streams.followed or others()

        seen = 0

        async def come_to_rest() -> None:
            # In a task, for who waits within a handler makes steps; and that handler is not one to be patient with.
            lockstep.unanswered -= 1
            try:
                await asyncio.create_task(lockstep.settled())
            finally:
                lockstep.unanswered += 1

        async def drain() -> None:
            nonlocal seen
            barrier = sequencer.barrier()
            if barrier is not None:
                await asyncio.shield(barrier)
            # Whether something is still pending depends on how fast its thread was; whether it was ever begun does not.
            if lockstep.begun != seen or followed():
                await come_to_rest()
                seen = lockstep.begun

        def cut() -> None:
            self._cut = True

        return ClockControl(time.manual, drain, followed, lockstep.held, cut)
