"""A journal that is not synced holds what was acknowledged as every journal does, after its writer is gone."""

from pathlib import Path

from cambist import _core


def test_what_was_acknowledged_is_read_again(tmp_path: Path) -> None:
    engine = _core.Engine()
    journal = _core.Journal.open(str(tmp_path / "journal"), 16 << 10, synced=False)
    for step in range(300):
        engine.note(step + 1, b"x" * 128)
        _, count, time, records = engine.take_commands()
        journal.append(engine.seq - count, journal.epoch, count, time, records)
    journal.wait()
    assert journal.last().durable_seq == engine.seq
    journal.close()

    again = _core.Journal.open(str(tmp_path / "journal"), 16 << 10, synced=False)
    assert (again.cut, again.last().durable_seq) == (None, engine.seq)
    replayed = _core.Engine()
    replayed.replay(again)
    again.close()
    assert (replayed.seq, replayed.state_hash()) == (engine.seq, engine.state_hash())
    assert len(list((tmp_path / "journal").glob("*.seg"))) > 1, "segments came to an end meanwhile"
