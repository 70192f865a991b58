"""v1 and v2 over HTTP: from a path to a method, through the authenticator, into the envelope."""

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.auth import Caller
from cambist.dialects.mtgox.call import Call
from cambist.dialects.mtgox.dispatcher import Dispatcher
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.parse import form_fields
from cambist.dialects.mtgox.replies import DATA, HTTP_METHODS, RETURN, Rejection, Result, wrapped

GENERIC = "generic"
ANSWER_FORMS = ("raw", "pretty")
"""What a query may always say."""
NO_PAIR = Rejection("Unknown currency pair", "pair_not_found", 404)


def misplaced(query: dict[str, str]) -> tuple[str, ...]:
    """What a private method's query says that is not about the form of the answer: its fields are read from the signed body only."""
    return tuple(name for name in query if name not in ANSWER_FORMS)


class RestHandler:
    """The handler of one version; its route's pattern has the groups `pair` and `name`."""

    def __init__(self, dispatcher: Dispatcher, methods: Methods, version: int) -> None:
        self._dispatcher = dispatcher
        self._methods = methods
        self._version = version
        self._member = DATA if version == 2 else RETURN
        self._prefix = len(f"/api/{version}/")

    async def __call__(self, request: Request) -> Reply:
        query = form_fields(request.query) if request.query else {}
        result = await self._answer(request, query)
        return wrapped(result, self._member, raw="raw" in query, pretty="pretty" in query)

    async def _answer(self, request: Request, query: dict[str, str]) -> Result:
        if request.method not in HTTP_METHODS:
            return replies.WRONG_METHOD
        if not request.headers.get(b"user-agent", b"").strip():
            return replies.NO_USER_AGENT
        assert request.match is not None
        market, name = request.match["pair"] or GENERIC, request.match["name"].strip("/")
        first, _, rest = name.partition("/")
        own = market == GENERIC
        if first in ("public", "private"):
            own, name = first == "private" or own, rest
        method = self._methods.find(name, own=own, version=self._version)
        if method is None:
            return replies.NO_METHOD
        pair = None
        if market != GENERIC:
            pair = self._dispatcher.context.instruments.find(market)
            if pair is None:
                return NO_PAIR
        call = Call({}, pair, base_url=self._dispatcher.context.base_url(request))
        if method.rights or (method.may_be_signed and b"rest-key" in request.headers):
            caller = self._authenticated(request)
            if isinstance(caller, Rejection):
                return caller
            call.caller, call.fields, call.misplaced = caller, caller.fields, misplaced(query)
        else:
            call.fields = {**query, **form_fields(request.body)}
        return await self._dispatcher.run(method, call)

    def _authenticated(self, request: Request) -> Caller | Rejection:
        signed_path = request.path[self._prefix :] if self._version == 2 else None
        return self._dispatcher.authenticator.admit(request, signed_path)
