"""One client on `/ws`: finds the method of each request, answers it, and knows what the client follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from cambist.dialect_kit.hub import Channel, Hub
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.sockets import Session, Socket
from cambist.dialects.expie import errors
from cambist.dialects.expie.calls import NOTHING_ASKED, BadParams, Call, Params, answered, failed, parse
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Markets
from cambist.directory import ApiKey
from cambist.history.port import HistoryError

Result = str | Rejection
"""JSON text, or what went wrong."""


class Client(Session):
    """The conversation with one client. `key` is whom it has shown itself to be; None before that, and again once the key is revoked."""

    def __init__(self, socket: Socket, floor: Floor) -> None:
        super().__init__(socket)
        self._floor = floor
        self.key: ApiKey | None = None
        self._unfollow_key: Callable[[], None] = lambda: None

    def authenticated(self, key: ApiKey) -> None:
        """From here on the client speaks for this key; what it followed for another one ends."""
        if self.key is not None and self.key.id != key.id:
            self._drop_private()
        self._unfollow_key()
        self._unfollow_key = self._floor.revocations.follow(key, self._revoked)
        self.key = key

    def _revoked(self) -> None:
        """The client is a stranger again, and is told so by an answer to nothing that it asked."""
        self.key = None
        self._drop_private()
        self.socket.send(failed(NOTHING_ASKED, errors.AUTHENTICATION_REQUIRED), durable=True)

    def _drop_private(self) -> None:
        for family in PRIVATE_FAMILIES:
            self.drop(family)

    def closed(self) -> None:
        self._unfollow_key()

    def text(self, message: str) -> Awaitable[None] | None:
        return self._request(message)

    def binary(self, message: bytes) -> Awaitable[None] | None:
        """As text: the ancestor does not look at the difference."""
        return self._request(message)

    def _request(self, message: bytes | str) -> Awaitable[None] | None:
        call = parse(message)
        if call is None:
            self.socket.close(1008, "not a request")
            return None
        method = self._floor.methods.get(call.method)
        if method is None:
            self.socket.send(failed(call, errors.METHOD_NOT_FOUND), durable=True)
            return None
        if method.private and self.key is None:
            self.socket.send(failed(call, errors.AUTHENTICATION_REQUIRED), durable=True)
            return None
        try:
            result = method.run(self, Params(self._floor.markets, call.params, method.count))
        except BadParams:
            result = errors.INVALID_ARGUMENT
        if isinstance(result, str | Rejection):
            self._answer(call, method, result)
            return None
        return self._later(call, method, result)

    async def _later(self, call: Call, method: Method, result: Awaitable[Result]) -> None:
        try:
            done = await result
        except HistoryError:
            done = errors.SERVICE_UNAVAILABLE
        if method.private and self.key is None:
            done = errors.AUTHENTICATION_REQUIRED  # the token was revoked meanwhile
        self._answer(call, method, done)

    def _answer(self, call: Call, method: Method, result: Result) -> None:
        # What shows the core's state waits for the journal; market data is durable by itself.
        durable = not method.private
        if isinstance(result, Rejection):
            self.socket.send(failed(call, result), durable=durable)
            return
        self.socket.send(answered(call, result), durable=durable)
        if method.then is not None:
            method.then(self)

    # --- what it follows --------------------------------------------------------------------------------------------------

    def follow(self, family: str, key: Hashable, make: Callable[[], Channel]) -> None:
        """Follows a channel of a family; `key` tells it from the family's others."""
        self._floor.hub.subscribe(self.socket, (family, key), make)

    def followed(self, family: str) -> list[Channel]:
        """The channels of a family that this client follows, oldest first."""
        hub = self._floor.hub
        channels = [hub.find(key) for key in hub.following(self.socket) if isinstance(key, tuple) and key[0] == family]
        return [channel for channel in channels if channel is not None]

    def drop(self, family: str) -> None:
        """Follows nothing of a family any more."""
        for channel in self.followed(family):
            self._floor.hub.unsubscribe(self.socket, channel.key)


PRIVATE_FAMILIES = ("order", "asset")


@dataclass(frozen=True, slots=True)
class Method:
    """A method: what runs it, how many parameters it has (None: any list), and what follows a successful answer."""

    run: Callable[[Client, Params], Result | Awaitable[Result]]
    count: int | None = None
    private: bool = False
    then: Callable[[Client], None] | None = None


@dataclass(frozen=True, slots=True)
class Floor:
    """What all clients share."""

    methods: dict[str, Method]
    markets: Markets
    revocations: Revocations
    hub: Hub
