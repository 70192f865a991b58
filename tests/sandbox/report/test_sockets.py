"""Which sockets a bot read too slowly: the log says why the venue ended one."""

from typing import cast

from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.requests import Requests
from cambist.sandbox.report.sockets import too_slow
from cambist.sandbox.request_log import SocketMessage


class Logged:
    """Evidence of which only the log is looked at."""

    def __init__(self, *records: SocketMessage) -> None:
        self._requests = Requests(records, 16, {})

    def logged(self) -> Requests:
        return self._requests


def ended(number: int, why: bytes, account: int = 16) -> SocketMessage:
    return SocketMessage(number, 0, number, "expie", "closed", account, why)


def test_a_socket_that_the_venue_ended_for_being_slow() -> None:
    found = list(too_slow(cast("Evidence", Logged(ended(1, b""), ended(2, b"slow_socket"), ended(3, b"slow_socket", account=17)))))
    assert [(each.count, each.requests) for each in found] == [(1, [2])]


def test_a_socket_that_ended_for_other_reasons() -> None:
    assert not list(too_slow(cast("Evidence", Logged(ended(1, b""), ended(2, b"failed_socket")))))
