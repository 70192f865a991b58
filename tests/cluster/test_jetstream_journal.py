"""The conformance suite of the journal's port on JetStream, against three real servers."""

import pytest

from tests.cluster.conftest import NewLog
from tests.support.journal_suite import JournalSuite, Place


class TestJetStreamJournal(JournalSuite):
    @pytest.fixture
    def place(self, new_log: NewLog) -> Place:
        return new_log()

    @pytest.fixture
    def other_place(self, new_log: NewLog) -> Place:
        return new_log()
