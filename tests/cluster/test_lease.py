"""Who should try to lead: one of the nodes, until it is gone for long enough or gives it on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cambist.cluster.connection import Connection
from cambist.cluster.lease import Lease, holder
from cambist.cluster.settings import LogSettings
from tests.cluster.conftest import NewLog
from tests.support.waiting import wait_until


class Candidate:
    """A process of a node that wants to lead."""

    def __init__(self, settings: LogSettings, node: str, opening: str) -> None:
        self.connection = Connection(replace(settings, node=node))
        self.willing = True
        self.taken = 0
        self.lease = Lease(self.connection, opening, wants=lambda: self.willing, taken=self._count)

    def _count(self) -> None:
        self.taken += 1

    def seen(self) -> str:
        """Who holds it, as the servers have it."""
        return self.connection.run(holder(self.connection))

    def killed(self) -> None:
        """Says nothing any more."""
        self.connection.close()


@pytest.fixture
def candidates(new_log: NewLog) -> Iterator[list[Candidate]]:
    settings = new_log().settings
    made = [Candidate(settings, node, f"process of {node}") for node in ("one", "two", "three")]
    made[0].lease.begin()
    wait_until(lambda: made[0].taken)
    yield made
    for candidate in made:
        candidate.connection.close()


def test_one_holds_it_and_the_others_see_who(candidates: list[Candidate]) -> None:
    one, two, three = candidates
    two.lease.begin()
    three.lease.begin()
    wait_until(lambda: two.lease.holder == three.lease.holder == "one")
    left = one.lease.seconds_left
    wait_until(lambda: one.lease.seconds_left > left)  # renewed
    assert one.lease.valid
    assert not two.lease.valid
    assert not three.lease.valid
    assert two.seen() == "one"


def test_another_one_takes_it_when_the_holder_says_nothing_any_more(candidates: list[Candidate]) -> None:
    one, two, three = candidates
    three.willing = False
    two.lease.begin()
    three.lease.begin()
    one.killed()
    wait_until(lambda: two.taken)
    assert not one.lease.valid
    assert two.lease.valid
    assert not three.taken


def test_it_is_given_to_the_node_that_is_named_and_to_no_other(candidates: list[Candidate]) -> None:
    one, two, three = candidates
    two.lease.begin()
    three.lease.begin()
    wait_until(lambda: three.lease.holder == "one")
    assert one.lease.hand_over("three")
    wait_until(lambda: three.taken)
    assert not one.lease.valid
    assert not two.taken


def test_who_ends_in_order_leaves_it_to_whoever_comes_first(candidates: list[Candidate]) -> None:
    one, two, _ = candidates
    two.lease.begin()
    assert one.lease.hand_over()
    wait_until(lambda: two.taken)


def test_a_node_that_starts_again_has_at_once_what_its_last_process_left(candidates: list[Candidate]) -> None:
    one, two, _ = candidates
    two.lease.begin()
    one.killed()
    again = Candidate(one.connection.settings, "one", "the next process of one")
    again.lease.begin()
    wait_until(lambda: again.taken or two.taken)
    assert (again.taken, two.taken) == (1, 0)
    again.connection.close()


def test_who_has_lost_it_to_another_process_knows(candidates: list[Candidate]) -> None:
    one = candidates[0]
    usurper = Candidate(one.connection.settings, "one", "the same name elsewhere")
    usurper.lease.begin()
    wait_until(lambda: usurper.taken)
    wait_until(lambda: not one.lease.valid)
    wait_until(lambda: one.lease.holder == "one" and usurper.lease.valid)
    assert one.taken == 1  # and does not take it back
    usurper.connection.close()
