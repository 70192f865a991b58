"""What happens in one process and is in no log, told to all that serve the same venue: heard here at once, and elsewhere in a moment.

Nothing of it is promised: what another process announces may get lost. What a client must not miss comes from durable frames.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

_log = structlog.get_logger("cambist.gateway")

Heard = Callable[[bytes], object]
"""Gets what was announced; ValueError where it cannot be read."""


class Announcements:
    """For the event loop's thread."""

    def __init__(self) -> None:
        self._followers: dict[str, Heard] = {}
        self._tell_others: Callable[[bytes], object] = lambda _message: None

    def follow(self, subject: str, heard: Heard) -> None:
        """Has `heard` get all announcements of this subject, which one dialect has for itself, from here on."""
        self._followers[subject] = heard

    def announce(self, subject: str, content: bytes) -> None:
        """Tells it to everybody, here before this returns."""
        self._followers[subject](content)
        self._tell_others(msgspec.msgpack.encode((subject, content)))

    # --- between processes ----------------------------------------------------------------------------------------------------
    def share(self, tell_others: Callable[[bytes], object]) -> None:
        """Has what is announced here from now on told to other processes: `apply` takes it there."""
        self._tell_others = tell_others

    def apply(self, message: bytes) -> None:
        """What another process announced. What cannot be read, or means nothing here, is passed over."""
        try:
            subject, content = _decode(message)
            heard = self._followers.get(subject)
            if heard is not None:
                heard(content)
        except ValueError as error:  # a MsgspecError is one
            _log.warning("an announcement cannot be read: a process of another version", error=type(error).__name__)


_decode = msgspec.msgpack.Decoder(tuple[str, bytes]).decode
