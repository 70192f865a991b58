"""A core that follows: the state and the events of the core that wrote the log, and an error as soon as the two would differ."""

from pathlib import Path

import pytest

from cambist import _core
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.transfers import TransferKind
from cambist.exchange.replica import Replica
from cambist.exchange.sequencer import Checkpoint, Frame

BTC, USD, BTC_USD = 0, 1, 0
ALICE = _core.FIRST_USER_ACCOUNT


class Leader:
    """A core whose commands become frames of a journal."""

    def __init__(self, directory: Path) -> None:
        self.engine = _core.Engine()
        self.journal = _core.Journal.open(str(directory), 1 << 20)
        self.events: list[Frame] = []
        engine = self.engine
        engine.create_asset(1, "BTC", 16, 8)
        engine.create_asset(1, "USD", 16, 8)
        engine.create_market(1, BTC, USD, 3, 8, 1, 1, 10**8, 1, 10**15, 0, 2_000, 2_000)
        engine.open_account(1)
        for asset in (BTC, USD):
            engine.transfer(1, 1 + asset, _core.WORLD, ALICE, asset, TransferKind.DEPOSIT, 0, 10**24)
        self.write()

    def orders(self, count: int) -> None:
        """Bids and asks that trade now and then."""
        for number in range(count):
            side = Side.BUY if number % 2 else Side.SELL
            time = self.engine.seq
            self.engine.place_order(time, ALICE, BTC_USD, side, OrderType.LIMIT, TimeInForce.GTC, 0, 0, 1_000 + number % 3, 10**8)

    def write(self) -> None:
        """Makes what was applied one frame."""
        first, count, time, commands = self.engine.take_commands()
        self.journal.append(first - 1, self.journal.epoch, count, time, commands)
        self.journal.wait()
        self.events.append(Frame(self.engine.take_events(), self.engine.seq))

    def checkpoint(self, state_hash: bytes | None = None) -> Checkpoint:
        """Durable with the frame after it."""
        made = Checkpoint(self.engine.seq, self.engine.state_hash() if state_hash is None else state_hash)
        self.journal.checkpoint(made.seq, self.journal.epoch, made.state_hash)
        self.orders(1)
        self.write()
        return made


@pytest.fixture
def leader(tmp_path: Path) -> Leader:
    return Leader(tmp_path)


def test_a_replica_has_the_state_and_delivers_the_events_of_the_core_that_wrote_the_log(leader: Leader) -> None:
    for count in (1, 20, 3):
        leader.orders(count)
        leader.write()
    replica, heard = Replica(_core.Engine()), list[Frame]()
    replica.subscribe(heard.append)
    replica.apply(leader.journal.read())
    assert heard == leader.events
    assert replica.engine.state_hash() == leader.engine.state_hash()


def test_what_the_engine_has_already_is_passed_over(leader: Leader) -> None:
    leader.orders(10)
    leader.write()
    replica, heard = Replica(_core.Engine.restore(leader.engine.snapshot())), list[Frame]()
    replica.subscribe(heard.append)
    leader.orders(2)
    leader.write()
    replica.apply(leader.journal.read())
    assert heard == leader.events[-1:]


def test_a_frame_may_be_applied_up_to_a_command_and_then_to_its_end(leader: Leader) -> None:
    leader.orders(10)
    leader.write()
    first, second = leader.journal.read()
    replica, heard = Replica(_core.Engine()), list[Frame]()
    replica.subscribe(heard.append)
    replica.apply([first])
    replica.apply([second], until=first.last_seq + 4)
    assert replica.engine.seq == first.last_seq + 4
    replica.apply([second])
    assert [frame.last_seq for frame in heard] == [first.last_seq, first.last_seq + 4, second.last_seq]
    assert b"".join(frame.events for frame in heard) == b"".join(frame.events for frame in leader.events)


def test_checkpoints_of_the_log_are_compared_and_remembered(leader: Leader) -> None:
    made = [leader.checkpoint() for _ in range(3)]
    replica = Replica(_core.Engine())
    replica.apply(leader.journal.read())
    assert list(replica.checkpoints) == made


def test_a_checkpoint_with_another_hash_ends_it(leader: Leader) -> None:
    wrong = leader.checkpoint(bytes(32))
    replica = Replica(_core.Engine())
    with pytest.raises(_core.JournalDamaged, match=f"the state after command {wrong.seq} has another hash"):
        replica.apply(leader.journal.read())
    assert not replica.checkpoints


def test_a_hole_ends_it(leader: Leader) -> None:
    leader.orders(5)
    leader.write()
    _, second = leader.journal.read()
    with pytest.raises(_core.JournalDamaged, match=f"command {second.first_seq} comes after command 0"):
        Replica(_core.Engine()).apply([second])
