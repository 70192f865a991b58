"""Pushes: who follows what, rendered once a tick and encoded once for all.

    class Deals(Channel):
        def started(self): self._stop = marketdata.subscribe(self._market, self._changed)
        def _changed(self, update): self._deals += update.trades; self.touch()
        def messages(self): deals, self._deals = self._deals, []; return [render(deals)] if deals else []
        def stopped(self): self._stop()

    channel = hub.subscribe(socket, ("deals", market), lambda: Deals(marketdata, market))

A channel exists while somebody follows it. Whatever touches it during one tick of the event loop, `messages` is called once at the tick's
end, each message is encoded once, and every follower gets the same bytes; what a follower gets in a tick leaves in one write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar, cast

import structlog

from cambist.dialect_kit.sockets import Socket
from cambist.dialect_kit.websocket_wire import text_message

_log = structlog.get_logger("cambist.gateway")


class Channel:
    """One stream of messages, the same for all its followers. Everything that it says must come from durable frames."""

    rank = 0
    """Channels that changed in the same tick say it in order of rank."""
    hub: Hub
    key: Hashable
    followers: dict[Socket, None]
    """In the order in which they came."""

    def started(self) -> None:
        """The first follower is about to come: begin to listen."""

    def stopped(self) -> None:
        """The last follower has gone: listen no more. The channel is not used again."""

    def messages(self) -> Iterable[bytes]:
        """What there is to say since it was asked last: whole text messages, in order. Called once in a tick when `touch`ed."""
        return ()

    def touch(self) -> None:
        """Has `messages` called at the end of this tick."""
        self.hub.touch(self)

    def publish(self, message: bytes) -> None:
        """Sends one text message to every follower, behind what they were sent before."""
        encoded = text_message(message)
        for socket in tuple(self.followers):  # one that is too slow leaves on the way
            socket.send_encoded(encoded, durable=True)


C = TypeVar("C", bound=Channel)


def _rank(channel: Channel) -> int:
    return channel.rank


class Hub:
    """The channels of one dialect. For the event loop's thread only."""

    def __init__(self) -> None:
        self._channels: dict[Hashable, Channel] = {}
        self._of: dict[Socket, dict[Channel, None]] = {}
        self._touched: dict[Channel, None] = {}
        self._due = False

    def subscribe(self, socket: Socket, key: Hashable, make: Callable[[], C]) -> C:
        """Follows the channel of that key, which `make` gives when nobody follows it yet. Following twice is following once.

        A socket that closes is taken out by itself. The channel says nothing by this: what a new follower must hear first, its session
        sends to it. A closed socket follows nothing, its channel comes back stopped.
        """
        channel = cast("C | None", self._channels.get(key))
        if channel is None:
            channel = make()
            channel.hub, channel.key, channel.followers = self, key, {}
            if not socket.is_open:
                return channel
            self._channels[key] = channel
            channel.started()
        if socket.is_open and socket not in channel.followers:
            channel.followers[socket] = None
            mine = self._of.get(socket)
            if mine is None:
                mine = self._of[socket] = {}
                socket.on_closed(self.forget)
            mine[channel] = None
        return channel

    def unsubscribe(self, socket: Socket, key: Hashable) -> bool:
        """Follows it no more. False when it did not."""
        channel = self._channels.get(key)
        if channel is None or socket not in channel.followers:
            return False
        del self._of[socket][channel]
        self._leave(socket, channel)
        return True

    def following(self, socket: Socket) -> list[Hashable]:
        """The keys that a socket follows, oldest first."""
        return [channel.key for channel in self._of.get(socket, ())]

    def forget(self, socket: Socket) -> None:
        """Ends everything that a socket follows."""
        for channel in self._of.pop(socket, ()):
            self._leave(socket, channel)

    def find(self, key: Hashable) -> Channel | None:
        """The channel of that key while somebody follows it."""
        return self._channels.get(key)

    def __len__(self) -> int:
        """How many channels there are."""
        return len(self._channels)

    def touch(self, channel: Channel) -> None:
        """Has the channel asked for its messages at the end of this tick."""
        self._touched[channel] = None
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Asks every touched channel now. Tests may call it; otherwise the loop does."""
        self._due = False
        touched, self._touched = self._touched, {}
        for channel in sorted(touched, key=_rank):
            if not channel.followers:
                continue
            try:
                for message in channel.messages():
                    channel.publish(message)
            except Exception as error:
                # One channel's bug must not take the others' pushes with it.
                _log.exception("a channel failed", channel=type(channel).__name__, error=type(error).__name__)

    def _leave(self, socket: Socket, channel: Channel) -> None:
        del channel.followers[socket]
        if not channel.followers:
            del self._channels[channel.key]
            self._touched.pop(channel, None)
            channel.stopped()
