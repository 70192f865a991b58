"""v1 and v2 over HTTP: from a path to a method, through the authenticator, into the envelope."""

import inspect
from collections.abc import Awaitable
from typing import Any

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.auth import Authenticator, Caller
from cambist.dialects.mtgox.call import Call, DialectContext, Method
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.parse import form_fields
from cambist.dialects.mtgox.replies import DATA, RETURN, Rejection, Result, wrapped
from cambist.domain.meta import Meta
from cambist.history.port import HistoryError

GENERIC = "generic"
NO_PAIR = Rejection("Unknown currency pair", "pair_not_found", 404)
NEEDS_PAIR = Rejection("This method is called on a currency pair, as in BTCUSD", "pair_missing", 404)


class Dispatcher:
    """Runs methods for whoever may: what all versions, and the stream, have in common."""

    def __init__(self, context: DialectContext, authenticator: Authenticator) -> None:
        self.context = context
        self.authenticator = authenticator

    def run(self, method: Method, call: Call) -> Result | Awaitable[Result]:
        """The method's answer. The nonce of a signed call is journaled exactly once, whatever becomes of it."""
        caller = call.caller
        if caller is not None and method.rights and not any(map(caller.key.permits, method.rights)):
            self.settle(caller)
            return replies.missing_right(" or ".join(method.rights))
        if method.needs_pair and call.pair is None:
            result: Any = NEEDS_PAIR
        else:
            result = method.run(call)
        if inspect.isawaitable(result):
            return self._later(caller, result)
        self.settle(caller)
        return result

    async def _later(self, caller: Caller | None, result: Awaitable[Result]) -> Result:
        try:
            return await result
        except HistoryError:
            # The writer of the histories stopped: trading goes on, what only histories know is not to be had.
            return replies.BUSY
        finally:
            self.settle(caller)

    def settle(self, caller: Caller | None) -> None:
        """A nonce that no command took along gets a note, so that the request stays refused after a crash too."""
        if caller is not None and not caller.journaled:
            caller.journaled = True
            self.context.services.commands.note(Meta(key_id=caller.key.id, nonce=caller.nonce))


class RestHandler:
    """The handler of one version; its route's pattern has the groups `pair` and `name`."""

    def __init__(self, dispatcher: Dispatcher, methods: Methods, version: int) -> None:
        self._dispatcher = dispatcher
        self._methods = methods
        self._signs_path = version == 2
        self._member = DATA if version == 2 else RETURN
        self._prefix = len(f"/api/{version}/")

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        query = form_fields(request.query) if request.query else {}
        raw, pretty = "raw" in query, "pretty" in query
        result = self._answer(request, query)
        if inspect.isawaitable(result):
            return self._later(result, raw, pretty)
        return wrapped(result, self._member, raw=raw, pretty=pretty)

    async def _later(self, result: Awaitable[Result], raw: bool, pretty: bool) -> Reply:
        return wrapped(await result, self._member, raw=raw, pretty=pretty)

    def _answer(self, request: Request, query: dict[str, str]) -> Result | Awaitable[Result]:
        if not request.headers.get(b"user-agent", b"").strip():
            return replies.NO_USER_AGENT
        assert request.match is not None
        market, name = request.match["pair"] or GENERIC, request.match["name"].strip("/")
        first, _, rest = name.partition("/")
        own = market == GENERIC
        if first in ("public", "private"):
            own, name = first == "private" or own, rest
        method = self._methods.find(name, own=own)
        if method is None:
            return replies.NO_METHOD
        pair = None
        if market != GENERIC:
            pair = self._dispatcher.context.listing.find(market)
            if pair is None:
                return NO_PAIR
        base_url = self._dispatcher.context.base_url(request)
        if not method.rights:
            call = Call({**query, **form_fields(request.body)}, pair, base_url=base_url)
            call.admit = lambda: self._maybe(request)
            return self._dispatcher.run(method, call)
        caller = self._admit(request)
        if isinstance(caller, Rejection):
            return caller
        return self._dispatcher.run(method, Call(caller.fields, pair, caller, base_url))

    def _admit(self, request: Request) -> Caller | Rejection:
        signed_path = request.path[self._prefix :] if self._signs_path else None
        return self._dispatcher.authenticator.admit(request, signed_path)

    def _maybe(self, request: Request) -> Caller | Rejection | None:
        """Who signed a public request that means more when it is signed."""
        if b"rest-key" not in request.headers:
            return None
        caller = self._admit(request)
        if isinstance(caller, Caller):
            self._dispatcher.settle(caller)
        return caller
