"""A sandbox from its start to its end: the venue in it may be closed and opened anew, as it was at another time, while the server stays."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from cambist import __version__
from cambist.app import named_snapshots
from cambist.app.collector import ReplacingCollector
from cambist.app.config import Config
from cambist.app.control import operations_context
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, sandbox_time
from cambist.app.errors import OperatorError
from cambist.app.named_snapshots import START, NamedSnapshots, SavedState
from cambist.app.run_recording import RunRecording
from cambist.app.serving import Serving, environment, sandbox_file
from cambist.app.status_line import StatusLine
from cambist.app.venue import Supervision, Venue
from cambist.app.wiring import Extension, open_venue
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.domain.state_parts import StatePart
from cambist.domain.units import AccountId
from cambist.exchange import Sequencer
from cambist.gateway.replaceable import ReplaceableGateway
from cambist.operations.operation import Actor, OperatorCall
from cambist.sandbox.clock import SandboxTime
from cambist.sandbox.clock_control import ClockControl
from cambist.sandbox.control.operations import Refused
from cambist.sandbox.control.routes import DIALECT
from cambist.sandbox.control.snapshots import Began, Restored, SnapshotRow
from cambist.sandbox.draws import seed_complaint
from cambist.sandbox.iso_time import iso
from cambist.sandbox.memory import Memory, Unlike, remembered, remind
from cambist.sandbox.past import past_began
from cambist.sandbox.people import Person, SandboxFile
from cambist.sandbox.tape import Tape
from cambist.sandbox.traders import Traders

_log = structlog.get_logger("cambist.app")
PATIENCE = 1.0
"""Seconds that requests which have begun get to end before a snapshot is taken."""
MOST_SNAPSHOTS = 100


class Mover(Protocol):
    """Who makes something happen by the clock, as the traders do."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(slots=True)
class Inside:
    """What is in a sandbox just now, and what moves in it."""

    venue: Venue
    time: SandboxTime
    seed: int
    traders: Traders | None
    movers: Sequence[Mover]
    people: list[Person]
    status: StatusLine
    tape: Tape
    tape_accounts: Callable[[], Awaitable[tuple[AccountId, AccountId]]]
    """Those that the tape trades with, made when there are none."""

    def start(self) -> None:
        """Has everything move by the clock."""
        self.status.start()
        for mover in (*self.movers, self.tape):
            mover.start()

    def stop(self) -> None:
        """Nothing moves by itself any more."""
        self.status.stop()
        for mover in (*self.movers, self.tape):
            mover.stop()


class Extending(Protocol):
    """What a sandbox has beside and before the dialects of one venue."""

    def offer(self, services: VenueServices) -> VenueServices:
        """Given the venue's parts, those that the dialects are built with."""

    def extend(
        self, services: VenueServices, sequencer: Sequencer, served: Sequence[DialectService], clock: ClockControl | None
    ) -> Extension:
        """`clock`: what moves a manual one."""


class Making(Protocol):
    """How what is in a sandbox is made."""

    async def made(self, venue: Venue, note: SandboxFile, time: SandboxTime, past: bool) -> Inside:
        """On a venue that is new or reopened: users, money, quotes; with `past`, what happened before the start."""

    def found(self, venue: Venue, note: SandboxFile, time: SandboxTime) -> Inside:
        """On a venue that was saved, which has all that already: nothing is done in it."""

    def extending(self, seed: int) -> Extending:
        """What stands beside and before the dialects of one venue of that seed."""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What stays the same however often the venue is opened anew. `kept`: whether the directory outlives the process."""

    config: Config
    pace: float
    kept: bool
    new_past: bool
    """Whether a new sandbox has a past."""


class SandboxSession:
    """The one sandbox of a process. `serving` is set before anybody is served."""

    serving: Serving

    def __init__(self, files: DataDirectory, plan: SessionPlan, making: Making, recording: RunRecording) -> None:
        self.files = files
        self.plan = plan
        self.recording = recording
        self.gateway = ReplaceableGateway(DIALECT, recording.outermost())
        self.snapshots = NamedSnapshots(files.path, synced=plan.kept)
        self._making = making
        self._supervision = Supervision()
        self._entropy: SeededEntropy
        self._clock: ClockControl | None = None
        self._changing = asyncio.Lock()
        self._collector = ReplacingCollector()
        self.inside: Inside

    def call(self) -> OperatorCall:
        """A call of an operator's use case on the venue as it is now."""
        return OperatorCall(operations_context(self.inside.venue), Actor("sandbox"))

    async def tape_accounts(self) -> tuple[AccountId, AccountId]:
        """Those that recorded trades are between, made when there are none."""
        return await self.inside.tape_accounts()

    # --- opening ------------------------------------------------------------------------------------------------------------

    async def open(self, note: SandboxFile) -> None:
        """Opens what is in the directory, or makes it when there is nothing yet. OperatorError."""
        time = sandbox_time(self.plan.pace)
        new = not self.files.journal.exists()
        past = new and self.plan.new_past
        time.hold(past_began(time.start) if past else time.start)
        venue = await self._opened(time)
        try:
            self.inside = await self._making.made(venue, note, time, past)
            time.release()
        except BaseException:
            await venue.close()
            raise
        self._add_parts()

    async def open_saved(self, saved: SavedState) -> None:
        """Opens what is in the directory as the state that it was saved in; `take_up` follows once everything has started.

        OperatorError.
        """
        time = sandbox_time(self.plan.pace)
        time.start = saved.time
        time.hold(saved.time)
        venue = await self._opened(time, copied=True)
        try:
            self.inside = self._making.found(venue, sandbox_file(self.files), time)
        except BaseException:
            venue.release()
            raise
        self._add_parts()

    def take_up(self, saved: SavedState) -> None:
        """Has what has started go on from where it was. OperatorError when that is not what was saved."""
        try:
            self.inside.venue.state_parts.restore(saved.parts)
        except (Unlike, ValueError, msgspec.DecodeError) as error:
            raise OperatorError(f"the snapshot was saved by another version or under another configuration: {error}") from None
        self.inside.time.release()

    async def _opened(self, time: SandboxTime, copied: bool = False) -> Venue:
        """`copied`: the files were whole when they were saved."""
        files = self.files.lent()
        self.recording.begin(time)
        clocked = self.recording.environment(environment(files, self.plan.config))
        assert isinstance(clocked.entropy, SeededEntropy)
        self._entropy = clocked.entropy

        extending = self._making.extending(clocked.entropy.seed)

        def extend(services: VenueServices, sequencer: Sequencer, served: Sequence[DialectService]) -> Extension:
            self._clock = self.recording.clock_control(services, sequencer)
            return extending.extend(services, sequencer, served, self._clock)

        timed = replace(
            clocked,
            clock=time.clock,
            make_scheduler=lambda _clock: time.scheduler(),
            offer=extending.offer,
            extend=extend,
            accept_clock_skew=True,
            check_files=not copied,
            make_gateway=self.gateway.make,
            supervision=self._supervision,
        )
        return await open_venue(files, self.plan.config, timed)

    def _add_parts(self) -> None:
        """What a sandbox has in memory beside what the venue's parts have; the timers last, which the others may set."""
        inside = self.inside
        parts, form = inside.venue.state_parts, tuple[str, dict[str, int]]
        assert isinstance(inside.venue.entropy, SeededEntropy)
        for name, entropy in (("entropy", self._entropy), ("entropy of this run", inside.venue.entropy)):
            parts.add(StatePart(name, form, entropy.save, entropy.restore))
        traders = inside.traders
        if traders is not None:
            parts.add(StatePart("traders", Memory, lambda: remembered(traders), lambda memory: remind(traders, memory)))
        parts.add(inside.tape.part())
        scheduler = inside.venue.scheduler
        parts.add(StatePart("timers", list[tuple[str, int]], scheduler.save, scheduler.restore))

    # --- standing still -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """New requests wait, and nobody else changes what is inside; the manual clock stands."""
        async with self._changing:
            self.gateway.hold()
            try:
                clock = self._clock
                if clock is None:
                    yield
                else:
                    async with clock.still():
                        yield
            finally:
                self.gateway.resume()

    async def _quiet(self) -> None:
        """Returns once everything that happened is in every file, and nothing is under way. JournalStopped, OperatorError."""
        venue = self.inside.venue
        await self.gateway.settled(PATIENCE)
        while True:
            seq = venue.engine.seq
            await venue.scheduler.idle()
            await venue.durable()
            await venue.history.reached(venue.sequencer.durable_seq)
            await venue.write_views()
            if venue.engine.seq == seq and venue.sequencer.barrier() is None:
                return

    @asynccontextmanager
    async def standing_still(self) -> AsyncIterator[None]:
        """Nothing changes meanwhile, and everything is in files."""
        async with self._held():
            scheduler = self.inside.venue.scheduler
            scheduler.pause()
            try:
                await self._quiet()
                yield
            finally:
                scheduler.go_on()

    # --- saving and restoring -----------------------------------------------------------------------------------------------

    async def keep_start(self) -> None:
        """Saves the start, unless this directory has one of the same configuration. Before anybody is served."""
        try:
            known = named_snapshots.read(self.snapshots.folder(START))
            if known.configuration == self._configuration():
                return
        except OperatorError:
            pass
        async with self.standing_still():
            self.write(self.snapshots.folder(START))

    def write(self, folder: Path) -> SavedState:
        """While everything stands still: saves it there. OSError."""
        venue = self.inside.venue
        saved = SavedState(
            format=named_snapshots.FORMAT,
            version=__version__,
            seed=self.inside.seed,
            seq=venue.engine.seq,
            time=venue.clock(),
            pace=self.plan.pace,
            preset=self.plan.config.sandbox.preset,
            segment_mebibytes=self.plan.config.journal.segment_mebibytes,
            loopback_callbacks=self.plan.config.merchant.loopback_callbacks,
            configuration=self._configuration(),
            parts=venue.state_parts.save(),
        )
        self.snapshots.save(folder, venue.journal, venue.engine.snapshot(), saved)
        return saved

    def _configuration(self) -> bytes:
        """What says whether traders remember the same things."""
        return hashlib.blake2b(msgspec.json.encode(self.plan.config.sandbox), digest_size=16).digest()

    def rows(self) -> list[SnapshotRow]:
        rows = []
        for name in self.snapshots.names():
            try:
                rows.append(_row(name, named_snapshots.read(self.snapshots.folder(name))))
            except OperatorError:
                continue  # damaged, or of another version: it cannot be restored
        return rows

    async def save(self, name: str) -> SnapshotRow:
        self._check(name)
        if name == START:
            raise Refused("the start is what the sandbox began with: choose another name", 409)
        if len(self.snapshots.names()) > MOST_SNAPSHOTS and not self.snapshots.folder(name).exists():
            raise Refused(f"there are {MOST_SNAPSHOTS} snapshots: remove one first", 409)
        try:
            async with self.standing_still():
                return _row(name, self.write(self.snapshots.folder(name)))
        except OSError as error:
            raise Refused(f"the snapshot cannot be written: {error.strerror or error}", 503) from None

    async def restore(self, name: str) -> Restored:
        row = _row(name, await self._restored(name))
        return Restored(row.name, row.seed, row.time, row.micros, row.seq, self.inside.people)

    def remove(self, name: str) -> SnapshotRow:
        saved = self._read(name)
        if name == START:
            raise Refused("the start cannot be removed", 409)
        try:
            self.snapshots.remove(name)
        except OSError as error:
            raise Refused(f"the snapshot cannot be removed: {error.strerror or error}", 503) from None
        return _row(name, saved)

    async def reset(self, seed: int | None) -> Began:
        complaint = None if seed is None else seed_complaint(seed)
        if complaint:
            raise Refused(complaint)
        start = self._read(START)
        if seed is None or seed == start.seed:
            await self._restored(START)
        else:
            await self._begun(seed)
        inside = self.inside
        now = inside.venue.clock()
        return Began(inside.seed, iso(now), now, inside.venue.engine.seq, inside.people)

    def _check(self, name: str) -> None:
        complaint = named_snapshots.name_complaint(name)
        if complaint:
            raise Refused(complaint)

    def _read(self, name: str) -> SavedState:
        self._check(name)
        if not self.snapshots.folder(name).is_dir():
            raise Refused(f"there is no snapshot {name}", 404)
        try:
            return named_snapshots.read(self.snapshots.folder(name))
        except OperatorError as error:
            raise Refused(f"{error}", 409) from None

    async def _restored(self, name: str) -> SavedState:
        self._read(name)
        async with self._held():
            saved = self._read(name)  # it may have been another one while this waited
            if saved.configuration != self._configuration():
                raise Refused(f"the snapshot {name} was saved with other traders (preset {saved.preset}): start with that preset", 409)

            async def reopen() -> None:
                self.snapshots.restore(name)
                await self.open_saved(saved)

            await self._replaced(reopen, lambda: self.take_up(saved))
            return saved

    async def _begun(self, seed: int) -> None:
        """Makes another sandbox, of that seed, as a new start would."""
        async with self._held():
            note = SandboxFile(seed)

            async def reopen() -> None:
                self.snapshots.remove_venue()
                self.files.keep_sandbox(msgspec.json.encode(note).decode())
                await self.open(note)

            await self._replaced(reopen, lambda: None)
            await self._quiet()
            self.write(self.snapshots.folder(START))

    async def _replaced(self, reopen: Callable[[], Awaitable[None]], started: Callable[[], None]) -> None:
        """Closes the venue without a farewell, and opens another one. What fails on the way ends the sandbox: nothing would be left."""
        try:
            inside = self.inside
            self.gateway.cut()
            inside.stop()
            await self.serving.suspend()
            if self._clock is not None:
                self._clock.end()
            inside.venue.scheduler.pause()
            inside.venue.release()
            with self._collector.resting():
                await reopen()
                self.serving.resume(self.inside.venue)
                self.inside.start()
                started()
        except BaseException as error:
            _log.exception("the sandbox cannot be opened again", error=type(error).__name__)
            self._supervision.failed(error)
            raise


def _row(name: str, saved: SavedState) -> SnapshotRow:
    return SnapshotRow(name, iso(saved.time), saved.time, saved.seq, saved.seed)
