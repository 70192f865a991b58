"""From a request to a reply: who, how often, what was said, the endpoint itself, and the words for a rejection."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cambist.dialect_kit.market_texts import Parts
from cambist.dialect_kit.messages import Handler, Reply, Request
from cambist.dialect_kit.rate_limits import retry_after
from cambist.dialect_kit.signed_call import answered
from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.errors import Generation, Rejection
from cambist.dialects.btse.fields import IN_BODY, Fields
from cambist.dialects.btse.symbols import Market, Symbols
from cambist.exchange.commands import NonceRejected
from cambist.history.port import HistoryError

Answer = bytes | Parts | Rejection
"""A body for HTTP 200, whole or in parts, or why there is none."""
PublicRun = Callable[[Fields], Answer | Awaitable[Answer]]
PrivateRun = Callable[[Caller, Fields], Answer | Awaitable[Answer]]

IDEMPOTENCY_KEY = b"idempotency-key"
"""A header: of several orders with the same one and the same client order id only the first is placed."""
QUERY, ORDERS = "query", "orders"
"""Groups of calls that have rate limits of their own."""


@dataclass(frozen=True, slots=True)
class Private:
    """An endpoint that needs a key: the right it needs, its rate limit's group, whether it changes anything, and what it does."""

    scope: str
    group: str
    changes: bool
    run: PrivateRun


def market_of(symbols: Symbols, fields: Fields, name: str = "symbol") -> Market | Rejection:
    """The market that a mandatory symbol names."""
    symbol = fields.text(name)
    if not symbol:
        return errors.SYMBOL_MISSING
    return symbols.find(symbol) or errors.SYMBOL_UNKNOWN


def public(generation: Generation, context: DialectContext, run: PublicRun) -> Handler:
    """A handler that everybody may ask. A symbol in the path is the field `symbol`."""
    clock = context.services.clock

    def handle(request: Request) -> Reply | Awaitable[Reply]:
        values = Fields.of(request)
        if request.match is not None:
            values = values.having("symbol", request.match["symbol"])
        answer = values.rejection or run(values)
        if isinstance(answer, bytes | tuple | Rejection):
            return reply_of(generation, answer, clock())
        return _later(generation, answer, clock)

    return handle


def private(generation: Generation, context: DialectContext, endpoint: Private) -> Handler:
    """A handler for the owner of a key. Checks in this order: signature, address, right, rate, nonce; until there nothing has changed."""
    authenticator, limits, commands, clock = context.authenticator, context.limits, context.services.commands, context.services.clock

    def refuse(rejection: Rejection) -> Reply:
        return errors.reply(generation, rejection, clock())

    async def handle(request: Request) -> Reply:
        signed = authenticator.signed(request)
        if isinstance(signed, Rejection):
            return refuse(signed)
        key, nonce, sign = signed
        if not key.permits(endpoint.scope):
            return refuse(errors.no_permission(endpoint.scope))
        wait = limits.admit(endpoint.group, key=key.id, user=key.user)
        if wait:
            return refuse(errors.too_many(retry_after(wait)))
        unsigned = b"" if request.method in IN_BODY else request.query
        again = request.headers.get(IDEMPOTENCY_KEY, b"")
        caller = authenticator.call(key, nonce, sign, changes=endpoint.changes, unsigned=unsigned, idempotency_key=again)
        if isinstance(caller, Rejection):
            return refuse(caller)
        values = Fields.of(request)

        async def run() -> Answer:
            answer = values.rejection or endpoint.run(caller, values)
            return answer if isinstance(answer, bytes | tuple | Rejection) else await answer

        try:
            return reply_of(generation, await answered(commands, caller, run, commanding=endpoint.changes), clock())
        except NonceRejected:
            return refuse(errors.NONCE_WRONG)
        except HistoryError:
            return refuse(errors.HISTORY_AWAY)

    return handle


def reply_of(generation: Generation, answer: Answer, now: int) -> Reply:
    if isinstance(answer, bytes):
        return Reply(body=answer)
    return Reply(parts=answer) if isinstance(answer, tuple) else errors.reply(generation, answer, now)


async def _later(generation: Generation, answer: Awaitable[Answer], clock: Callable[[], int]) -> Reply:
    try:
        return reply_of(generation, await answer, clock())
    except HistoryError:
        # Histories do not follow the journal now: trading goes on, what only histories know is not to be had.
        return errors.reply(generation, errors.HISTORY_AWAY, clock())
