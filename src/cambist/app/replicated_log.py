"""A venue whose log is on several machines: what `[cluster]` says, put to work."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import structlog

from cambist._core import JournalError, JournalLocked
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.edge_operations import BUSY, OperationService
from cambist.app.entropy import system_entropy
from cambist.app.errors import Exit, OperatorError
from cambist.app.recovery import journal_trouble
from cambist.app.shared_directory import is_shared
from cambist.app.shared_state import adopt, share
from cambist.app.venue import Copies, Venue
from cambist.cluster.command_channel import CommandReceiver
from cambist.cluster.connection import Connection
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.lease import holder as lease_holder
from cambist.cluster.log_stream import TROUBLE
from cambist.cluster.nodes import NodeStatus, ask_hand_over, ask_statuses
from cambist.cluster.request_channel import RequestReceiver
from cambist.cluster.settings import LogSettings
from cambist.exchange.command_service import CommandService
from cambist.exchange.journal_port import JournalPort
from cambist.gateway.metrics import Metrics

_log = structlog.get_logger("cambist.app")
T = TypeVar("T")


def asked(files: DataDirectory, question: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
    """What the cluster of a data directory answers, whether its own venue runs or not. OperatorError CONFIGURATION, DISK."""
    config = files.settings()
    if not config.cluster.servers:
        raise OperatorError(f"{files.config}: cluster.servers is empty: this venue's log is on this machine alone", Exit.CONFIGURATION)
    with journal_trouble():
        connection = Connection(ReplicatedLog(config).settings(files, config.journal.segment_mebibytes << 20))
        try:
            return connection.run(question(connection))
        finally:
            connection.close()


LEADING_SECONDS = 15.0
"""How long a node that was handed the lead is waited for."""


async def handed_over(connection: Connection, to: str) -> NodeStatus:
    """Has the node that leads hand over to `to`, or to whichever is ready; the status of the one that leads then. OperatorError REFUSED."""
    leader = next((status.node for status in await ask_statuses(connection) if status.leads), None)
    if leader is None:
        raise OperatorError("no node leads now")
    answer = await ask_hand_over(connection, leader, to)
    if answer is None:
        raise OperatorError(f"node {leader} does not answer; `cambist cluster status` shows who leads")
    if answer.rejection:
        raise OperatorError(f"node {leader} does not hand over: {answer.rejection}")
    deadline = connection.loop.time() + LEADING_SECONDS
    while connection.loop.time() < deadline:
        statuses = await ask_statuses(connection, until=lambda status: status.leads and status.node != leader)
        for status in statuses:
            if status.leads and status.node != leader:
                return status
    raise OperatorError(f"node {answer.to} was handed the lead and does not lead yet; `cambist cluster status` shows who does")


def _check_no_leader(journal: JetStreamJournal) -> None:
    """JournalLocked while another node leads, or just has and may be about to again."""
    connection = journal.node.connection
    leaders = [status.node for status in connection.run(ask_statuses(connection, until=lambda status: status.leads)) if status.leads]
    try:
        leaders += [holder] if (holder := connection.run(lease_holder(connection))) else []
    except TROUBLE as error:
        raise JournalError(f"it cannot be seen whether a node leads: {error!r}") from None
    if leaders:
        raise JournalLocked(f"node {leaders[0]} leads, and writes the log")


def _in(files: DataDirectory, name: str) -> str:
    """A file that a setting names: in the data directory, unless its path is absolute."""
    return str(files.path / name) if name else ""


class ReplicatedLog:
    """Opens the journal on the cluster's servers, and shares snapshots there."""

    def __init__(self, config: Config) -> None:
        self._venue = config
        self._config = config.cluster
        self.opening = system_entropy("process", 16).hex()
        """Of this process alone."""

    def settings(self, files: DataDirectory, segment_bytes: int) -> LogSettings:
        config = self._config
        return LogSettings(
            config.servers,
            config.node,
            config.name,
            replicas=config.replicas,
            max_bytes=config.log_gibibytes << 30,
            credentials=_in(files, config.credentials),
            tls_ca=_in(files, config.tls_ca),
            give_up_seconds=config.give_up_seconds,
            segment_bytes=segment_bytes,
            synced=files.synced,
        )

    def open(self, files: DataDirectory, segment_bytes: int) -> JournalPort:
        """This process becomes the one that writes, for one action on a stopped venue. OperatorError BUSY (a node leads), DAMAGED, DISK."""
        journal = self.follow(files, segment_bytes)
        try:
            with journal_trouble():
                _check_no_leader(journal)
                journal.lead()
        except BaseException:
            journal.close()
            raise
        return journal

    def follow(self, files: DataDirectory, segment_bytes: int) -> JetStreamJournal:
        """The log, read to its end; and where no view is, what others share, so that they need not be made from the first command.
        OperatorError DAMAGED, DISK.
        """
        with journal_trouble():
            journal = JetStreamJournal(self.settings(files, segment_bytes), files.journal, system_entropy)
        missing = files.missing(shared=is_shared(self._venue))
        if missing and journal.last().seq:
            journal.close()
            names = ", ".join(file.name for file in missing)
            raise OperatorError(
                f"{files.path}: the log has commands, but {names} {'is' if len(missing) == 1 else 'are'} not here: people would be cut off "
                "their money. Begin this node with `cambist restore`, from a backup of one that has them",
                Exit.DAMAGED,
            )
        if journal.last().seq and not files.wallet.exists():
            adopt(journal.node.connection, files, journal.identity, 0)
        return journal

    def share(self, journal: JournalPort, files: DataDirectory, seq: int, snapshot: Path, copies: Copies) -> None:
        """Has others begin with a snapshot that was written, and copies of the views. OSError, sqlite3.Error."""
        if isinstance(journal, JetStreamJournal) and journal.leads:
            share(journal.node.connection, files, seq, snapshot, copies)

    def take_commands(self, venue: Venue, service: CommandService, answers: Callable[[], bool] = lambda: True) -> None:
        """Edges' commands, and what operators ask for there, come in from now on, as long as this node leads. `answers`: whether this node
        answers requests."""
        journal, metrics = venue.journal, venue.gateway.metrics
        if isinstance(journal, JetStreamJournal):
            connection, loop, sequencer = journal.node.connection, asyncio.get_running_loop(), venue.sequencer
            CommandReceiver(connection, journal.epoch, loop, service.take)
            run, wall = venue.operator_requests.run, venue.machine_clock.wall
            operations = OperationService(run, venue.directory, lambda: sequencer.durable_seq, wall, answers)
            RequestReceiver(connection, journal.epoch, loop, operations.answer, BUSY)
            metrics.counter("edge_operations", "What operators asked for at edges and this leader did.", lambda: operations.asked)
            metrics.counter("edge_commands", "Commands that came over edges and went into the log.", lambda: service.taken)
            metrics.counter("edge_commands_repeated", "Commands that came again over an edge and were dropped.", lambda: service.repeated)
            metrics.gauge("edge_runs", "Runs of edges that sent commands to this leader.", lambda: service.edges)

    def measure(self, journal: JournalPort, metrics: Metrics) -> None:
        """What the operator of a cluster looks at besides."""
        if isinstance(journal, JetStreamJournal):
            metrics.gauge("log_epoch", "The epoch that this node writes under.", lambda: journal.epoch)
            metrics.counter("log_damage", "Messages that a server's copy of the log had lost.", lambda: journal.node.damage.count)
            metrics.counter("log_unknown_answers", "Frames that the servers did not answer for at once.", lambda: journal.counts.unknown)
