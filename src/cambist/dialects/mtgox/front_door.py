"""v1 and v2 over HTTP: from a path to a method, through the gatekeeper, into the envelope."""

import inspect
from collections.abc import Awaitable
from typing import Any

from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.auth import Caller, Gatekeeper
from cambist.dialects.mtgox.call import Call, Method, Venue
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.parse import form_fields
from cambist.dialects.mtgox.replies import DATA, RETURN, Failure, Result, wrapped
from cambist.domain.meta import Meta
from cambist.gateway.messages import Reply, Request
from cambist.history.port import HistoryError

GENERIC = "generic"
NO_PAIR = Failure("Unknown currency pair", "pair_not_found", 404)
NEEDS_PAIR = Failure("This method is called on a currency pair, as in BTCUSD", "pair_missing", 404)


class Ushers:
    """Runs methods for whoever may: what all versions, and the stream, have in common."""

    def __init__(self, venue: Venue, gatekeeper: Gatekeeper) -> None:
        self.venue = venue
        self.gatekeeper = gatekeeper

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
            self.venue.house.exchange.note(Meta(key_id=caller.key.id, nonce=caller.nonce))


class FrontDoor:
    """The handler of one version; its route's pattern has the groups `pair` and `name`."""

    def __init__(self, ushers: Ushers, methods: Methods, version: int) -> None:
        self._ushers = ushers
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
            pair = self._ushers.venue.listing.find(market)
            if pair is None:
                return NO_PAIR
        base_url = self._ushers.venue.base_url(request)
        if not method.rights:
            call = Call({**query, **form_fields(request.body)}, pair, base_url=base_url)
            call.admit = lambda: self._maybe(request)
            return self._ushers.run(method, call)
        caller = self._admit(request)
        if isinstance(caller, Failure):
            return caller
        return self._ushers.run(method, Call(caller.fields, pair, caller, base_url))

    def _admit(self, request: Request) -> Caller | Failure:
        signed_path = request.path[self._prefix :] if self._signs_path else None
        return self._ushers.gatekeeper.admit(request, signed_path)

    def _maybe(self, request: Request) -> Caller | Failure | None:
        """Who signed a public request that means more when it is signed."""
        if b"rest-key" not in request.headers:
            return None
        caller = self._admit(request)
        if isinstance(caller, Caller):
            self._ushers.settle(caller)
        return caller
