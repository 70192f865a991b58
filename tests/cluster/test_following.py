"""A node that follows: it has what another one writes as soon as that is durable, and goes on as the writer when it is told to."""

import pytest

from cambist._core import JournalFenced
from tests.cluster.conftest import NewLog
from tests.support.journal_suite import append, append_singly, payload, records
from tests.support.waiting import wait_until


def test_a_node_that_follows_has_every_frame_and_may_not_write(new_log: NewLog) -> None:
    log = new_log()
    leader = log.open()
    append_singly(leader, 5)
    follower = log.node("two").follow()
    assert not follower.leads
    assert follower.last().hash == leader.last().hash
    going_along = follower.follow(4)
    append_singly(leader, 20)
    while follower.last().durable_seq < 25:
        assert going_along.wait(60.0)
        next(going_along, None)
    assert payload(list(follower.read())) == records(1, 25)
    assert follower.last().hash == leader.last().hash
    assert follower.epoch == leader.epoch
    with pytest.raises(JournalFenced, match="this node follows"):
        append(follower)
    follower.close()
    append_singly(leader, 1)
    leader.close()


def test_a_node_that_followed_goes_on_where_the_writer_ended(new_log: NewLog) -> None:
    log = new_log()
    leader, follower = log.open(), log.node("two").follow()
    append_singly(leader, 10)
    follower.lead()
    assert (follower.leads, follower.last().seq) == (True, 10)
    append_singly(follower, 3)
    with pytest.raises(JournalFenced):
        append_singly(leader, 1)
    assert payload(list(follower.read())) == records(1, 13)
    follower.close()


def test_a_node_that_follows_hears_of_a_writer_that_changes(new_log: NewLog) -> None:
    log = new_log()
    one, two, watching = log.open(), log.node("two").follow(), log.node("three").follow()
    append_singly(one, 2)
    two.lead()
    append_singly(two, 2)
    wait_until(lambda: watching.last().durable_seq == 4)
    assert watching.epoch == two.epoch > one.epoch
    for journal in (watching, two):
        journal.close()
