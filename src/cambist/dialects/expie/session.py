"""One client on `/ws`: finds the method of each request, answers it, and knows what the client follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from cambist.dialect_kit.hub import Channel, Hub
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.situations import Situation
from cambist.dialect_kit.sockets import Session, Socket
from cambist.dialects.expie import errors
from cambist.dialects.expie.calls import NOTHING_ASKED, BadParams, Call, Params, answered, failed, parse
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Markets
from cambist.dialects.expie.numbers import OutOfRange
from cambist.directory import ApiKey
from cambist.history.port import HistoryError

Result = str | bytes | Rejection
"""JSON, or what went wrong."""


class Client(Session):
    """The conversation with one client. `key` is whom it has shown itself to be; None before that, and again once the key is revoked."""

    def __init__(self, socket: Socket, shared: Shared) -> None:
        super().__init__(socket)
        self._shared = shared
        self.key: ApiKey | None = None
        self._unfollow_key: Callable[[], None] = lambda: None

    def authenticated(self, key: ApiKey) -> None:
        """From here on the client speaks for this key; what it followed for another one ends."""
        if self.key is not None and self.key.id != key.id:
            self._drop_private()
        self._unfollow_key()
        self._unfollow_key = self._shared.revocations.follow(key, self._revoked)
        self.key = key

    def _revoked(self) -> None:
        """The client is a stranger again, and reads so in an answer to nothing that it asked."""
        self.key = None
        self._drop_private()
        self.socket.send(failed(NOTHING_ASKED, errors.AUTHENTICATION_REQUIRED), durable=True)

    def _drop_private(self) -> None:
        for family in PRIVATE_FAMILIES:
            self.drop(family)

    def worded(self, message: str, situation: Situation) -> bytes | None:
        return failed(parse(message) or NOTHING_ASKED, errors.SITUATIONS[situation])

    def identity(self) -> Identity | None:
        return None if self.key is None else Identity(self.key.account, self.key.key)

    def closed(self) -> None:
        self._unfollow_key()

    async def text(self, message: str) -> None:
        await self._request(message)

    async def binary(self, message: bytes) -> None:
        """As text: the ancestor does not look at the difference."""
        await self._request(message)

    async def _request(self, message: bytes | str) -> None:
        call = parse(message)
        if call is None:
            self.socket.close(1008, "not a request")
            return
        method = self._shared.methods.get(call.method)
        if method is None:
            self.socket.send(failed(call, errors.METHOD_NOT_FOUND), durable=True)
            return
        if method.private and self.key is None:
            self.socket.send(failed(call, errors.AUTHENTICATION_REQUIRED), durable=True)
            return
        try:
            result = method.run(self, Params(self._shared.markets, call.params, method.count))
            if not isinstance(result, str | bytes | Rejection):
                result = await result
        except (BadParams, OutOfRange):
            result = errors.INVALID_ARGUMENT
        except HistoryError:
            result = errors.SERVICE_UNAVAILABLE
        if method.private and self.key is None:
            result = errors.AUTHENTICATION_REQUIRED  # the token was revoked meanwhile
        self._answer(call, method, result)

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
        self._shared.hub.subscribe(self.socket, (family, key), make)

    def followed(self, family: str) -> list[Channel]:
        """The channels of a family that this client follows, oldest first."""
        hub = self._shared.hub
        channels = [hub.find(key) for key in hub.following(self.socket) if isinstance(key, tuple) and key[0] == family]
        return [channel for channel in channels if channel is not None]

    def drop(self, family: str) -> None:
        """Follows nothing of a family any more."""
        for channel in self.followed(family):
            self._shared.hub.unsubscribe(self.socket, channel.key)


PRIVATE_FAMILIES = ("order", "asset")


@dataclass(frozen=True, slots=True)
class Method:
    """A method: what runs it, how many parameters it has (None: any list), and what follows a successful answer."""

    run: Callable[[Client, Params], Result | Awaitable[Result]]
    count: int | None = None
    private: bool = False
    then: Callable[[Client], None] | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What all clients share."""

    methods: dict[str, Method]
    markets: Markets
    revocations: Revocations
    hub: Hub
