"""Replay of a 10 M-command journal from disk: frame CRCs, the hash chain and a state hash every 100,000 commands are all checked.

The journal is written by the journal's own writer, synced frame by frame, as a venue under load would leave it: W10k ten times over, each
time from an empty book (everybody cancels everything), so that every command of every round does what the stream says.
"""

from __future__ import annotations

import os
import shutil
import struct
import time
from pathlib import Path
from statistics import median

from benchmarks import w10k
from benchmarks.report import AT_LEAST, Row, Settings, Target
from benchmarks.streams import w10k_stream

from cambist import _core
from cambist.domain.meta import Meta
from cambist.exchange.sequencer import CHECKPOINT_EVERY

GROUP = "replay"
ROUNDS = 10
FRAME = 64
"""Commands in a frame: 64 connections that each wait for their reply make group commits of this size."""
FRAMES_A_CALL = 1 << 14


def measure(settings: Settings) -> list[Row]:
    directory = settings.scratch / "replay"
    rounds = 1 if settings.quick else ROUNDS
    try:
        settings.say(f"replay: writing {rounds} M commands in frames of {FRAME}, each synced ...")
        started = time.perf_counter()
        journal = _JournalWriter(directory)
        seq, state = journal.write(rounds)
        written = time.perf_counter() - started
        size = sum(file.stat().st_size for file in directory.glob("*.seg"))
        speeds = [_replay(directory, seq, state) for _ in range(1 if settings.quick else 3)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    detail = {
        "commands": seq,
        "frames": journal.frames,
        "checkpoints": journal.checkpoints,
        "bytes": size,
        "write_seconds": round(written, 1),
        "runs": [round(speed) for speed in speeds],
    }
    note = f"{seq / 1e6:.1f} M commands, {size / 2**20:,.0f} MiB, {journal.checkpoints} state hashes"
    return [Row(GROUP, "replay of a journal from disk, checks on", median(speeds) / 1e6, "M/s", Target(AT_LEAST, 3), note, detail)]


class _JournalWriter:
    """Applies commands to a core and writes them to a journal, as the sequencer does."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stream = w10k_stream()
        metas = [Meta(key_id=1 + account, nonce=1_000_000 + account).encode() for account in range(self._stream.shape.accounts)]
        self._run = w10k.encode(self._stream, 0, metas)
        self._adds = self._run.commands - len(self._run.cancels)
        self.frames = 0
        self.checkpoints = 0

    def write(self, rounds: int) -> tuple[int, bytes]:
        """Returns the last seq and the state's hash."""
        self._engine = w10k.funded_engine(self._stream.shape.accounts)
        self._journal = _core.Journal.open(str(self._directory))
        try:
            self._take()
            for number in range(rounds):
                self._round(number)
        finally:
            self._journal.close()
        return self._engine.seq, self._engine.state_hash()

    def _round(self, number: int) -> None:
        """The stream once more, its order ids counted on; then everybody cancels what is left."""
        run, commands = self._run, self._run.commands
        if number:
            self._shift(run)
        for first in range(0, commands, CHECKPOINT_EVERY):
            last = min(first + CHECKPOINT_EVERY, commands)
            part = run.part(first, last)
            codes, _ = self._engine.apply_batch(part, False)
            if any(codes):
                raise w10k.WrongNumbers("a command of the stream was refused")
            offset = run.ends[first]
            for at in range(first, last, FRAME):
                end = min(at + FRAME, last)
                self._append(end - at, part[run.ends[at] - offset : run.ends[end] - offset])
            self._checkpoint()
        if self._engine.live_orders(w10k.MARKET) != self._stream.check.live:
            raise w10k.WrongNumbers(f"{self._engine.live_orders(w10k.MARKET)} live orders instead of {self._stream.check.live}")
        for account in range(self._stream.shape.accounts):
            self._engine.cancel_all(0, w10k.FIRST_USER + account)
        self._take()

    def _shift(self, run: w10k.CommandRun) -> None:
        order_id = struct.Struct("<Q")
        for place in run.cancels:
            order_id.pack_into(run.data, place, order_id.unpack_from(run.data, place)[0] + self._adds)

    def _take(self) -> None:
        """What typed calls left in the outbox, as one frame."""
        _first, count, _time, records = self._engine.take_commands()
        self._engine.take_events()
        self._append(count, records)

    def _append(self, count: int, records: bytes) -> None:
        journal = self._journal
        journal.append(journal.last().seq, journal.epoch, count, 0, records)
        journal.wait()  # else what waits for the disk would be joined into one huge frame
        self.frames += 1

    def _checkpoint(self) -> None:
        self._journal.checkpoint(self._engine.seq, self._journal.epoch, self._engine.state_hash())
        self._journal.wait()
        self.checkpoints += 1


def _replay(directory: Path, seq: int, state: bytes) -> float:
    """Commands per second, from a page cache that has nothing of the files, on a fresh core."""
    for file in directory.glob("*.seg"):
        _forget(file)
    engine = _core.Engine()
    started = time.perf_counter()
    journal = _core.ReadOnlyJournal(str(directory))
    while True:
        before = engine.seq
        engine.replay(journal, frames=FRAMES_A_CALL)
        if engine.seq == before:
            break
    seconds = time.perf_counter() - started
    if (engine.seq, engine.state_hash()) != (seq, state):
        raise w10k.WrongNumbers(f"replay ends at {engine.seq}, the journal at {seq}")
    return seq / seconds


def _forget(file: Path) -> None:
    """Drops a file's pages from memory, so that reading it means the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
