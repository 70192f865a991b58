"""What one process announces is heard there at once, and by others that serve the same venue."""

import pytest

from cambist.dialect_kit.announcements import Announcements


def test_what_is_announced_is_heard_here_and_by_the_others_and_never_comes_back() -> None:
    here, there = Announcements(), Announcements()
    heard: dict[str, list[bytes]] = {"here": [], "there": []}
    here.follow("orders", heard["here"].append)
    there.follow("orders", heard["there"].append)
    here.share(there.apply)
    there.share(here.apply)
    here.announce("orders", b"one")
    assert heard == {"here": [b"one"], "there": [b"one"]}
    there.announce("orders", b"two")
    assert heard == {"here": [b"one", b"two"], "there": [b"one", b"two"]}


def test_alone_it_is_heard_all_the_same() -> None:
    alone, heard = Announcements(), list[bytes]()
    alone.follow("orders", heard.append)
    alone.announce("orders", b"one")
    assert heard == [b"one"]


@pytest.mark.parametrize("message", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x92\xa6others\xc4\x01x", b"\x92\xa6orders\xc4\x03bad"])
def test_what_cannot_be_read_or_means_nothing_here_is_passed_over(message: bytes) -> None:
    def heard(content: bytes) -> None:
        raise ValueError(content)

    process = Announcements()
    process.follow("orders", heard)
    process.apply(message)
