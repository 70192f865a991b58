"""`cambist serve` as one of several nodes on one log: it follows the one that leads, ready to lead itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from cambist._core import JournalDamaged, JournalError, JournalFenced
from cambist.app import logs
from cambist.app.config import Config
from cambist.app.history_elsewhere import HistoryOfLeader
from cambist.app.leading_only import LeadingOnly
from cambist.app.replicated_log import ReplicatedLog
from cambist.app.serving import ServeHooks, Serving
from cambist.app.venue import Venue
from cambist.app.venue_follower import VenueFollower
from cambist.app.wiring import Environment, Extension, provision, take_commands
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.lease import Lease
from cambist.cluster.node import Standing
from cambist.cluster.nodes import HandedOver, NodeStatus, ask_statuses
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.exchange import JournalStopped, Sequencer
from cambist.exchange.journal_port import JournalPort
from cambist.gateway.metrics import Metrics
from cambist.scheduling import Timer

_log = structlog.get_logger("cambist.app")

MOST_LAG = 10_000
"""Commands that a node may be behind to be handed the lead: what it lacks costs the others time."""
LOOK = 1_000_000
"""How often a node looks what of it does not work, µs."""


class EngineNode(ServeHooks):
    """What the process of an engine node has beside the venue and its server. Belongs to the event loop's thread, unless a method says
    otherwise.

    The venue is whole from the start, with views and market data that follow the log; what is missing until it leads is the right to
    write. So taking over costs no replay.
    """

    serving: Serving
    """The server before the venue; set before it begins."""

    def __init__(self, config: Config, alone: Environment) -> None:
        """`alone`: the environment of a venue on one machine."""
        super().__init__()
        self._log = ReplicatedLog(config)
        self._gate = LeadingOnly(self._answers)
        self._leads = False
        self._out = ""
        """Why this node's state cannot be trusted any more; it never leads then."""
        self._handing_over = False
        self._degraded: list[str] = []
        """As the event loop saw it last: others are told from another thread."""
        self._watching: Timer | None = None
        self._take_overs = 0
        self._took_seconds = 0.0
        self._lease: Lease | None = None
        self.environment = replace(
            alone,
            open_journal=self._log.follow,
            share_state=self._log.share,
            measure_journal=self._measure,
            take_commands=partial(self._log.take_commands, answers=self._answers),
            extend=self._extend,
            leads=False,
        )

    def bind(self, venue: Venue, make_operator: Callable[[], Awaitable[str]]) -> None:
        """`make_operator`: as soon as this node leads; gives what to say to people."""
        assert isinstance(venue.journal, JetStreamJournal)
        self._venue = venue
        self._make_operator = make_operator
        self._journal: JetStreamJournal = venue.journal
        self._node = venue.journal.node
        self._loop = asyncio.get_running_loop()
        self._gate.worded_by(venue.gateway.error_reply)
        self._follower = VenueFollower(venue, self._fail)
        venue.readiness.watch(self.elsewhere)
        self._node.standing = self._standing

    # --- the process's hooks -------------------------------------------------------------------------------------------------
    async def begin(self, url: str) -> Any:
        self._follower.begin()
        connection = self._node.connection
        self._lease = Lease(connection, self._log.opening, wants=lambda: not self._trouble(), taken=self._lead_soon)
        connection.run(self._node.nodes.serve_hand_over(self._hand_over_asked))
        self._lease.begin()
        self._watching = self._venue.scheduler.every(LOOK, self._look_at_readiness, "readiness")
        logs.say(f"Node {self._node.settings.node} at {url}\n")
        return await super().begin(url)

    async def before_closing(self) -> None:
        """In good order the next node need not wait for the lease to run out."""
        if self._watching is not None:
            self._watching.cancel()
        if self._leads and not self._handing_over and not self._venue.failure:
            await self._retire("")
        if self._lease is not None:
            await asyncio.to_thread(self._lease.end)
        self._follower.end()

    def elsewhere(self) -> str:
        node = self._node.settings.node
        if self._answers():
            return ""
        if self._out:
            return f"node {node} does not follow any more: {self._out}"
        holder = "" if self._lease is None or self._lease.holder == node else self._lease.holder
        return f"node {node} does not lead: {f'node {holder} does' if holder else 'no node is known to'}"

    def supplanted(self, failure: BaseException) -> bool:
        return isinstance(failure, JournalFenced)

    # --- following -------------------------------------------------------------------------------------------------------------
    def _fail(self, error: JournalError) -> None:
        """A state that differs from the log's keeps the node from ever leading; whoever looks after it must hear why. All else ends it."""
        if isinstance(error, JournalDamaged):
            text, file, offset = error.args
            self._out = f"{file}, offset {offset}: {text}"
            _log.error("this node is out: its state or its journal is not what the log says", reason=self._out)
        else:
            self._venue.failed(error)

    # --- leading ---------------------------------------------------------------------------------------------------------------
    def _answers(self) -> bool:
        """Whether requests are answered here."""
        return self._leads and not self._handing_over and self._lease is not None and self._lease.valid

    def _trouble(self) -> str:
        """Why this node should not lead; empty when it may. From any thread."""
        if self._out or self._handing_over or self._venue.failure or self._venue.stopping.is_set():
            return self._out or "it is stopping"
        clock, ahead = self._venue.machine_clock, self._follower.last_time - self._venue.machine_clock.wall()
        if ahead > clock.bound and not self.environment.accept_clock_skew:
            return f"its clock is {ahead / 1_000_000:.1f} s behind the last command"
        return ""

    def _lead_soon(self) -> None:
        """On the connection's thread: the lease is had."""
        asyncio.run_coroutine_threadsafe(self._lead(), self._loop)

    async def _lead(self) -> None:
        if self._leads or self._venue.stopping.is_set():
            return  # a lease that had run out, and was taken again before anybody else did
        started, venue = time.monotonic(), self._venue
        try:
            self._follower.rest()
            await asyncio.to_thread(self._journal.lead)
            self._follower.lead()
            if isinstance(venue.history_writer, HistoryOfLeader):
                venue.history_writer.lead()
            await provision(venue.files, venue.config, venue.commands, venue.engine, venue.sequencer)
            said = await self._make_operator()
            take_commands(venue, self.environment)
            venue.sequencer.drain()
        except Exception as error:
            _log.exception("this node could not take over")
            venue.failed(error)
            return
        self._leads = True
        self._take_overs += 1
        self._took_seconds = time.monotonic() - started
        self.serving.lead()
        logs.say(f"Node {self._node.settings.node} leads\n{said}")
        _log.info("trading goes on", epoch=self._journal.epoch, seq=venue.engine.seq, took_seconds=round(self._took_seconds, 3))

    # --- handing over ----------------------------------------------------------------------------------------------------------
    async def _hand_over_asked(self, to: str) -> HandedOver:
        """On the connection's loop."""
        statuses = await ask_statuses(self._node.connection)
        asked = asyncio.run_coroutine_threadsafe(self._hand_over(to, statuses), self._loop)
        return await asyncio.wrap_future(asked)

    async def _hand_over(self, to: str, statuses: Sequence[NodeStatus]) -> HandedOver:
        if not self._answers():
            return HandedOver(to, self.elsewhere() or "it is being handed over")
        seq, own = self._venue.engine.seq, self._node.settings.node
        others = {status.node: status for status in statuses if status.node != own}
        if to and to not in others:
            return HandedOver(to, f"{to} is this node" if to == own else f"node {to} does not answer")
        reasons = {name: _reason_against(status, seq) for name, status in others.items() if to in ("", name)}
        ready = [name for name, reason in reasons.items() if not reason]
        if not ready:
            return HandedOver(to, "; ".join(f"node {name}: {reason}" for name, reason in reasons.items()) or "no other node answers")
        chosen = max(ready, key=lambda name: others[name].applied)
        given = await self._retire(chosen)
        self.again = True
        self._venue.stopping.set()
        if not given:
            return HandedOver(chosen, "the servers do not say that the lease was handed over; whoever gets it first leads")
        return HandedOver(chosen)

    async def _retire(self, to: str) -> bool:
        """Ends leading in good order: the log ends with the state's hash. Whether the lease was given on."""
        self._handing_over = True
        try:
            await self.serving.suspend()
            self._venue.sequencer.retire()
            self._journal.retire()
        except JournalStopped:
            return False  # another node had taken over already
        assert self._lease is not None
        given = await asyncio.to_thread(self._lease.hand_over, to)
        _log.info("this node has handed over", to=to or "whoever comes first", seq=self._venue.engine.seq)
        return given

    # --- for those who look after it -------------------------------------------------------------------------------------------
    def _look_at_readiness(self) -> None:
        self._degraded = self._venue.readiness.degraded()

    def _standing(self) -> Standing:
        """From any thread."""
        sequencer = self._venue.sequencer
        checkpoints = sorted({*self._follower.checkpoints, *sequencer.checkpoints})
        return Standing(sequencer.applied_seq, checkpoints[-8:], self._trouble(), self._degraded)

    def _extend(self, services: VenueServices, sequencer: Sequencer, served: Sequence[DialectService]) -> Extension:
        del services, sequencer, served
        return Extension(outermost=(self._gate,))

    def _measure(self, journal: JournalPort, metrics: Metrics) -> None:
        self._log.measure(journal, metrics)
        metrics.gauge("cluster_leads", "1 while this node leads and has the lease.", lambda: float(self._answers()))
        metrics.gauge("cluster_may_lead", "1 while nothing keeps this node from leading.", lambda: float(not self._trouble()))
        metrics.gauge("cluster_lag", "Commands in this node's journal that its core has not applied.", self._lag)
        metrics.gauge("cluster_checkpoint_seq", "The newest checkpoint that this node's state agreed with.", self._checkpoint_seq)
        metrics.gauge("cluster_lease_seconds", "For how long this node still has the lease.", self._lease_seconds)
        metrics.counter("cluster_take_overs", "How often this process took over.", lambda: self._take_overs)
        metrics.gauge("cluster_take_over_seconds", "From having the lease to trading, the last time.", lambda: self._took_seconds)
        metrics.counter("cluster_lease_troubles", "Renewals of the lease that were not answered.", self._lease_troubles)

    def _lag(self) -> int:
        return max(0, self._journal.last().durable_seq - self._venue.sequencer.applied_seq)

    def _checkpoint_seq(self) -> int:
        return max((seq for seq, _ in self._standing().checkpoints), default=0)

    def _lease_seconds(self) -> float:
        return 0.0 if self._lease is None else self._lease.seconds_left

    def _lease_troubles(self) -> int:
        return 0 if self._lease is None else self._lease.renewals_failed


def _reason_against(status: NodeStatus, seq: int) -> str:
    """Why a node should not be handed the lead; empty when it may."""
    if status.trouble:
        return status.trouble
    lag = seq - status.applied
    return f"it is {lag} commands behind" if lag > MOST_LAG else ""
