"""A venue whose log is on several machines: what `[cluster]` says, put to work."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from cambist import _core
from cambist.app.config import ClusterConfig
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import system_entropy
from cambist.app.errors import Exit, OperatorError
from cambist.app.recovery import journal_trouble
from cambist.cluster.command_channel import CommandReceiver
from cambist.cluster.connection import Connection
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.settings import LogSettings
from cambist.cluster.shared_snapshots import SharedSnapshots
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
        connection = Connection(ReplicatedLog(config.cluster).settings(files, config.journal.segment_mebibytes << 20))
        try:
            return connection.run(question(connection))
        finally:
            connection.close()


class ReplicatedLog:
    """Opens the journal on the cluster's servers, and shares snapshots there."""

    def __init__(self, config: ClusterConfig) -> None:
        self._config = config

    def settings(self, files: DataDirectory, segment_bytes: int) -> LogSettings:
        config = self._config
        return LogSettings(
            config.servers,
            config.node,
            config.name,
            replicas=config.replicas,
            max_bytes=config.log_gibibytes << 30,
            credentials=config.credentials,
            tls_ca=config.tls_ca,
            give_up_seconds=config.give_up_seconds,
            segment_bytes=segment_bytes,
            synced=files.synced,
        )

    def open(self, files: DataDirectory, segment_bytes: int) -> JournalPort:
        """This node becomes the one that writes. OperatorError BUSY (another one does), DAMAGED, DISK."""
        with journal_trouble():
            journal = JetStreamJournal(self.settings(files, segment_bytes), files.journal, system_entropy)
        missing = files.missing()
        if missing and journal.last().seq:
            journal.close()
            names = ", ".join(file.name for file in missing)
            raise OperatorError(
                f"{files.path}: the log has commands, but {names} {'is' if len(missing) == 1 else 'are'} not here: people would be cut off "
                "their money. Begin this node with `cambist restore`, from a backup of one that has them",
                Exit.DAMAGED,
            )
        try:
            newest = max((seq for seq, _ in _core.snapshot_files(str(files.snapshots))), default=0) if files.snapshots.is_dir() else 0
            fetched = SharedSnapshots(journal.node.connection).fetch(files.snapshots, newest)
        except OSError as error:
            _log.warning("a shared snapshot could not be kept", error=str(error))
        else:
            if fetched:
                _log.info("a snapshot of another node is here", seq=fetched)
        return journal

    def share(self, journal: JournalPort, seq: int, path: str) -> None:
        """Has the other nodes get a snapshot that was written; one that cannot be shared now stays here, and is logged."""
        if isinstance(journal, JetStreamJournal):
            SharedSnapshots(journal.node.connection).publish(seq, path)

    def take_commands(self, journal: JournalPort, service: CommandService, metrics: Metrics) -> None:
        """Edges' commands come in from now on, as long as this node leads."""
        if isinstance(journal, JetStreamJournal):
            CommandReceiver(journal.node.connection, journal.epoch, asyncio.get_running_loop(), service.take)
            metrics.counter("edge_commands", "Commands that came over edges and went into the log.", lambda: service.taken)
            metrics.counter("edge_commands_repeated", "Commands that came again over an edge and were dropped.", lambda: service.repeated)
            metrics.gauge("edge_runs", "Runs of edges that sent commands to this leader.", lambda: service.edges)

    def measure(self, journal: JournalPort, metrics: Metrics) -> None:
        """What the operator of a cluster looks at besides."""
        if isinstance(journal, JetStreamJournal):
            metrics.gauge("log_epoch", "The epoch that this node writes under.", lambda: journal.epoch)
            metrics.counter("log_damage", "Messages that a server's copy of the log had lost.", lambda: journal.node.damage.count)
            metrics.counter("log_unknown_answers", "Frames that the servers did not answer for at once.", lambda: journal.counts.unknown)
