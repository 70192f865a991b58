"""What a sandbox needs so that its runs can be compared and repeated: recorded inputs, counted bytes, and on a manual clock lockstep."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from cambist.app.wiring import Environment
from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.exchange import Sequencer
from cambist.sandbox.clock import ManualTime, SandboxTime
from cambist.sandbox.clock_control import ClockControl
from cambist.sandbox.request_log import RequestLog
from cambist.sandbox.sent_bytes import SentBytes
from cambist.sandbox.serial_execution import SerialExecution
from cambist.scheduling import Lockstep


class RunRecording:
    """Of one sandbox; made on its event loop, before its first venue is opened. What is of one venue is made anew with each."""

    def __init__(self, time: SandboxTime) -> None:
        self.time = time
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

    def begin_log(self, services: VenueServices, served: Sequence[DialectService]) -> RequestLog:
        """The log of a venue that has just been made."""
        identify = {dialect.name: dialect.identify for dialect in served if dialect.identify is not None}
        self.log = RequestLog(services.clock, services.view, identify, self.sent)
        if self.lockstep is not None:
            noticed = self.lockstep.noticed
            self.log.subscribe(lambda _record: noticed())
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

        return ClockControl(time.manual, drain, followed, lockstep.held)
