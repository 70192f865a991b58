"""The leader's side of the command port for edges: judges nonces, drops what it had before, and hands batches to core and journal."""

import structlog

from cambist._core import Engine, sent_commands
from cambist.domain.commands import CommandKind
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange.command_records import meta_of, record
from cambist.exchange.commands import JournalStopped
from cambist.exchange.edge_messages import BatchAnswer, CommandBatch, Refused, decode_batch
from cambist.exchange.embedded import NonceJudge
from cambist.exchange.sequencer import Sequencer

TAKES_ROOM = frozenset(
    {CommandKind.PLACE_ORDER, CommandKind.PLACE_OCO, CommandKind.PLACE_TRAILING, CommandKind.REPLACE_ORDER, CommandKind.TRANSFER}
)
"""What is refused when the journal's space runs out."""
EDGES_KEPT = 1_024
"""Runs of edges whose refused commands are remembered."""

_log = structlog.get_logger("cambist.exchange")


class CommandService:
    """For the event loop's thread. What it takes is durable, and in the log, before anybody hears of it: the log is the answer."""

    def __init__(self, engine: Engine, sequencer: Sequencer, nonces: NonceJudge) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._nonces = nonces
        self._epoch = sequencer.journal.epoch
        self._highest: dict[int, int] = {}
        """By edge, the highest counter that was taken or refused. Of this epoch alone, and that is enough: who sends to it has seen in the
        log that no earlier leader took the command, and no other leader gets what is sent to it."""
        self._refused: dict[int, dict[int, Refused]] = {}
        """By edge and counter, what was refused and may be asked again."""
        self.taken = 0
        """Commands that went into the log."""
        self.repeated = 0
        """Commands that came again and were not done again."""
        self.malformed = 0
        """Batches that were none."""

    @property
    def edges(self) -> int:
        """How many runs of edges sent something."""
        return len(self._highest)

    def take(self, message: bytes) -> BatchAnswer | None:
        """What to say of a batch; None: nothing, the log will tell, or it is not for this leader."""
        batch = decode_batch(message)
        if batch is None:
            self._complain()
            return None
        if batch.epoch != self._epoch:
            return None
        known = self._highest.get(batch.edge, 0)
        if batch.after > known:
            return BatchAnswer(self._epoch, wanted=known + 1)
        try:
            commands = sent_commands(batch.records)
        except ValueError:
            self._complain()
            return None
        last = batch.after
        for _, _, _, edge, counter, _ in commands:
            if edge != batch.edge or counter <= last:
                self._complain()
                return None
            last = counter
        try:
            time = self._sequencer.stamp()
        except JournalStopped:
            return None
        return self._judge(batch, commands, known, time)

    def _judge(self, batch: CommandBatch, commands: list[tuple[int, int, int, int, int, int]], known: int, time: int) -> BatchAnswer | None:
        records, judge, has_space = batch.records, self._nonces.judge, self._sequencer.has_space
        before = self._rejections(batch)
        kept: list[bytes] | None = None  # None: everything up to here
        answers: list[Refused] = []
        begin = 0
        for kind, key_id, nonce, _edge, counter, end in commands:
            taken: bytes | None = None
            if counter <= known:
                self.repeated += 1
                answers += [before[counter]] if counter in before else []
            elif nonce and not judge(key_id, nonce):
                answers.append(Refused(counter, 0, self._nonces.last(key_id)))
            elif has_space or kind not in TAKES_ROOM:
                if kept is None:
                    begin = end
                    continue
                taken = records[begin:end]
            elif nonce:  # it was accepted, so it is journaled: a note is small, and there is room for what is small
                taken = record(CommandKind.NOTE, b"", meta_of(records[begin:end]))
            else:
                answers.append(Refused(counter, RejectReason.JOURNAL_FULL))
            if kept is None:
                kept = [records[:begin]]
            if taken is not None:
                kept.append(taken)
            begin = end
        run = records if kept is None else b"".join(kept)
        self._highest[batch.edge] = max(known, commands[-1][4])
        if run:
            first = self._engine.seq
            self.taken += self._sequencer.committed(self._engine.submit(time, run)).seq - first
        if not answers:
            return None
        self._refused[batch.edge] = before | {answer.counter: answer for answer in answers}
        while len(self._refused) > EDGES_KEPT:  # of an edge that is long gone
            del self._refused[next(iter(self._refused))]
        return BatchAnswer(self._epoch, answers, seq=self._sequencer.applied_seq)

    def _rejections(self, batch: CommandBatch) -> dict[int, Refused]:
        """What was refused and the edge may not know of yet."""
        refused = self._refused.get(batch.edge)
        if refused is None:
            return {}
        still = {counter: answer for counter, answer in refused.items() if counter > batch.decided}
        if still:
            self._refused[batch.edge] = still
        else:
            del self._refused[batch.edge]
        return still

    def _complain(self) -> None:
        self.malformed += 1
        _log.error("a batch of commands cannot be read: an edge of another version, or no edge")
