"""From a request to a reply: who, how often, what was said, the endpoint's own function, and the form of a problem."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import iscoroutinefunction
from types import CoroutineType
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec

from cambist._core import all_names_differ
from cambist.api_types.problems import CONTENT_TYPE, Code, Problem, problem
from cambist.dialect_kit.duplicate_fields import contradictory_member
from cambist.dialect_kit.messages import FixedFields, Handler, Reply, Request
from cambist.dialect_kit.rate_limits import retry_after
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.situations import Situation
from cambist.dialects.native.auth import Caller, SessionCaller
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.idempotency import DAY, HEADER, HOUR, REPLAYED, key_of
from cambist.dialects.native.scopes import OF_PEOPLE, Effect, Scope
from cambist.directory import DirectoryUnavailable
from cambist.directory.login import network_of
from cambist.domain.units import AccountId
from cambist.exchange.commands import JournalStopped, NonceRejected
from cambist.history.port import HistoryError

BASE = "/cambist/v1"
DIALECT = "native"
MAX_FIELDS = 32
"""Parameters of a query that are read."""
PRIVATE = FixedFields(((b"cache-control", b"no-store"),))
"""Fields of every reply that is somebody's own."""
_WHERE = re.compile(r" - at `(\$[^`]*)`$")

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


class Written(msgspec.Struct, Generic[T], gc=False):
    """A reply that is written already, in parts; T says what it reads as."""

    parts: tuple[bytes, ...]


class Accepted(msgspec.Struct, Generic[T], gc=False):
    """What was asked for is kept, and waits for somebody else: a reply of status 202."""

    value: T


class Headed(msgspec.Struct, Generic[T], gc=False):
    """A reply with further fields, such as cookies."""

    value: T
    headers: tuple[tuple[bytes, bytes], ...]


class Call(msgspec.Struct, eq=False, gc=False):
    """One request, as endpoints get it."""

    context: DialectContext
    request: Request
    caller: Caller = None  # type: ignore[assignment]  # endpoints that everybody may ask have none
    idempotency_key: str = ""

    @property
    def account(self) -> AccountId:
        return self.caller.account

    @property
    def session(self) -> SessionCaller:
        """Who sent it, where only who logged in may."""
        assert isinstance(self.caller, SessionCaller), "this endpoint may be asked with a key"
        return self.caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What an endpoint's function says of itself by its annotations and its docstring."""

    path: tuple[str, ...]
    query: Any
    body: Any
    reply: Any
    words: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of the table of routes. `path` is below BASE, its `{names}` are the function's arguments; `scope` is what a caller needs.

    The function is `run(call, *, name..., query, body)`: the types of `query` and `body` are what is read, its annotated result is what is
    answered, and its docstring is its text in the documents. A Problem is an answer like any other.
    """

    method: str
    path: str
    scope: Scope
    run: Callable[..., Any]
    effect: Effect = Effect.READ
    status: int = 200
    proof: bool = False
    """Whether whoever logged in must have proved who they are a short time ago (`Settings.proof_minutes`)."""
    accepted: Any = None
    """What a reply of status 202 reads as, where what is asked for may have to wait for somebody else."""
    problems: frozenset[Code] = frozenset()
    """What it may answer beside the codes in the docstring and those that follow from the row (`answers.py`)."""

    def __post_init__(self) -> None:
        if not isinstance(self.scope, Scope):
            raise TypeError(f"{self.method} {self.path} has no scope")
        changes = self.method not in ("GET", "HEAD")
        if changes and self.effect is Effect.READ and self.scope is not Scope.PUBLIC:
            raise TypeError(f"{self.method} {self.path} does not say what it changes")
        if self.proof and self.scope is Scope.PUBLIC:
            raise TypeError(f"{self.method} {self.path} asks nobody for a proof")

    @property
    def name(self) -> str:
        """For documents and clients: `list_markets`."""
        return self.run.__name__

    @property
    def group(self) -> str:
        """Whose rate limits count."""
        if self.scope is Scope.PUBLIC:
            return "public"
        if self.effect is Effect.READ:
            return "reads"
        return "orders" if self.scope is Scope.TRADE else "account"

    def signature(self) -> Signature:
        return _signature(self.run, self.path)

    def route(self, context: DialectContext) -> Route:
        """The route that answers it on a running venue."""
        path = BASE + self.path
        handler = _Handler(context, self).handle if self.scope is not Scope.PUBLIC else _public(context, self)
        literal, template, _ = path.partition("{")
        if not template:
            return Route(path, handler, (self.method,), dialect=DIALECT, name=path)
        pattern = re.compile("".join(_piece(each) for each in re.split(r"(\{\w+\})", path)))
        return Route(literal, handler, (self.method,), True, pattern, DIALECT, path)


def _piece(part: str) -> str:
    return f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)


@cache
def _signature(run: Callable[..., Any], path: str) -> Signature:
    """What a handler takes and gives. TypeError when it does not take what stands in its path."""
    hints = typing.get_type_hints(run)
    names = tuple(re.findall(r"\{(\w+)\}", path))
    missing = [name for name in names if hints.get(name) is not str]
    if missing:
        raise TypeError(f"{run.__name__} does not take {', '.join(missing)} of its path")
    return Signature(
        path=names,
        query=hints.get("query"),
        body=hints.get("body"),
        reply=_reply_type(hints["return"]),
        words=" ".join((run.__doc__ or "").split()),
    )


def _reply_type(hint: Any) -> Any:
    """T of `T | Problem`, `Written[T]`, `Headed[T]`."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (hint,) = (each for each in typing.get_args(hint) if each is not Problem)
    return typing.get_args(hint)[0] if typing.get_origin(hint) in (Written, Headed) else hint


# --- reading ----------------------------------------------------------------------------------------------------------------
class _Reader:
    """Makes the arguments of an endpoint's function."""

    def __init__(self, signature: Signature) -> None:
        self._path = signature.path
        self._query = signature.query
        self._decode = msgspec.json.Decoder(signature.body).decode if signature.body is not None else None

    def arguments(self, request: Request) -> dict[str, Any] | Problem:
        found: dict[str, Any] = {}
        if self._path:
            assert request.match is not None
            found.update({name: unquote(request.match[name]) for name in self._path})
        if self._query is not None:
            query = _query(request.query, self._query)
            if isinstance(query, Problem):
                return query
            found["query"] = query
        elif request.query:
            return problem(Code.REQUEST_INVALID, "This takes no query.")
        if self._decode is not None:
            body = _body(request.body, self._decode)
            if type(body) is Problem:
                return body
            found["body"] = body
        return found


def _answering(endpoint: Endpoint) -> Callable[[Call], Any]:
    """The endpoint's function with what the request says, or why that cannot be read."""
    run, signature = endpoint.run, endpoint.signature()
    arguments_of = _Reader(signature).arguments

    def answer(call: Call) -> Any:
        arguments = arguments_of(call.request)
        return arguments if type(arguments) is Problem else run(call, **arguments)

    if signature.path or signature.query is not None or signature.body is None:
        return answer
    decode = msgspec.json.Decoder(signature.body).decode

    def answer_body(call: Call) -> Any:
        """The same where there is nothing but a body, written out: an order passes here."""
        request = call.request
        if request.query or not all_names_differ(request.body):
            return answer(call)
        try:
            body = decode(request.body)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return answer(call)  # which says what is wrong
        return run(call, body=body)

    return answer_body


def _body(raw: bytes, decode: Callable[[bytes], Any]) -> Any:
    try:
        if not all_names_differ(raw):
            members = msgspec.json.decode(raw)
            twice = contradictory_member(raw, members) if isinstance(members, dict) else None
            if twice is not None:
                return problem(Code.REQUEST_INVALID, f"The body names {_shown(twice)} twice.", field=_shown(twice))
        return decode(raw)
    except msgspec.ValidationError as error:
        return invalid(str(error))
    except (msgspec.DecodeError, RecursionError, ValueError):
        return problem(Code.REQUEST_INVALID, "The body is no JSON object.")


def _query(raw: bytes, kind: Any) -> Any:
    values: dict[str, str] = {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return problem(Code.REQUEST_INVALID, "The query cannot be read: write name=value, joined with &.")
    for name, value in pairs:
        if name in values:
            return problem(Code.REQUEST_INVALID, f"The query names {_shown(name)} twice.", field=_shown(name))
        values[name] = value
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        return invalid(str(error))


def invalid(words: str) -> Problem:
    """msgspec's "Expected `str`, got `int` - at `$.price`" as a problem of the field."""
    where = _WHERE.search(words)
    field = where[1].removeprefix("$").removeprefix(".") if where else None
    text = words[: where.start()] if where else words
    pattern = "matching regex" in text
    detail = "This is not written as this field is." if pattern else text.replace("`", "")
    return problem(Code.REQUEST_INVALID, f"{field}: {detail}" if field else detail, field=field or None)


def _shown(name: str) -> str:
    return name[:64] if name.isprintable() else "?"


# --- answering --------------------------------------------------------------------------------------------------------------
_MARKED = frozenset((Problem, Written, Accepted, Headed))
"""Types of answers that are more than the reply's value."""


def reply_of(value: Any, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    """What an endpoint's function gave, as a reply."""
    if type(value) not in _MARKED:
        return Reply(status, _encode(value), headers=headers)
    if isinstance(value, Problem):
        return problem_reply(value, headers)
    if isinstance(value, Written):
        return Reply(status, headers=headers, parts=value.parts)
    if isinstance(value, Accepted):
        return Reply(202, _encode(value.value), headers=headers)
    return Reply(status, _encode(value.value), headers=(*headers, *value.headers))


def problem_reply(said: Problem, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    if said.retry_after is not None:
        headers = (*headers, (b"retry-after", b"%d" % said.retry_after))
    if said.status == 401:
        headers = (*headers, (b"www-authenticate", b"Cambist"))
    return Reply(said.status, _encode(said), CONTENT_TYPE.encode(), headers)


def rate_limited(wait: int) -> Problem:
    """`wait` in µs."""
    return problem(Code.RATE_LIMITED, retry_after=int(retry_after(wait)))


_OF_GATEWAY = {
    404: Code.NOT_FOUND,
    405: Code.METHOD_NOT_ALLOWED,
    413: Code.BODY_TOO_LARGE,
    429: Code.RATE_LIMITED,
    503: Code.BUSY,
    504: Code.OUTCOME_UNKNOWN,
}


def of_gateway(routes: Sequence[Route]) -> Callable[[Request, int], Reply]:
    """The gateway's own errors in this API's form."""

    def reply(request: Request, status: int) -> Reply:
        code = _OF_GATEWAY.get(status, Code.INTERNAL)
        headers = ((b"allow", allowed(request.path)),) if code is Code.METHOD_NOT_ALLOWED else ()
        return problem_reply(problem(code, retry_after=1 if code in (Code.RATE_LIMITED, Code.BUSY) else None), headers)

    def allowed(path: str) -> bytes:
        here = (route for route in routes if (route.pattern.fullmatch(path) if route.pattern is not None else route.path == path))
        methods = {method for route in here for method in route.methods}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()))).encode()

    return reply


SITUATIONS = {
    Situation.BUSY: Code.BUSY,
    Situation.RATE_LIMITED: Code.RATE_LIMITED,
    Situation.BANNED: Code.ADDRESS_BANNED,
    Situation.MAINTENANCE: Code.UNAVAILABLE,
    Situation.NONCE_REJECTED: Code.REQUEST_REPEATED,
}


def worded(_request: Request, situation: Situation, wait: int) -> Reply:
    """What is said instead of an answer; `wait` in µs."""
    if situation is Situation.RATE_LIMITED:
        return problem_reply(rate_limited(wait), PRIVATE)
    return problem_reply(problem(SITUATIONS[situation]), PRIVATE)


def _public(context: DialectContext, endpoint: Endpoint) -> Handler:
    """For everybody. What never waits is answered at once."""
    reader, run, status, limits = _Reader(endpoint.signature()), endpoint.run, endpoint.status, context.limits
    with_body = endpoint.signature().body is not None

    def handle(request: Request) -> Reply | Awaitable[Reply]:
        wait = limits.admit("public", address=network_of(request.client)) if context.settings.rate_limits == "on" else 0
        if wait:
            return problem_reply(rate_limited(wait))
        if with_body and not is_json(request):
            return problem_reply(problem(Code.CONTENT_TYPE_WRONG))
        arguments = reader.arguments(request)
        if isinstance(arguments, Problem):
            return problem_reply(arguments)
        answer = run(Call(context, request), **arguments)
        return _later(answer, status) if isinstance(answer, Awaitable) else reply_of(answer, status)

    return handle


async def _later(answer: Awaitable[Any], status: int) -> Reply:
    try:
        return reply_of(await answer, status)
    except HistoryError:
        return problem_reply(problem(Code.HISTORY_UNAVAILABLE))
    except (JournalStopped, DirectoryUnavailable):
        return problem_reply(problem(Code.UNAVAILABLE))


def is_json(request: Request) -> bool:
    """Whether the body says that it is JSON: no form of another site's page can."""
    return request.headers.get(b"content-type", b"").split(b";")[0].strip().lower() == b"application/json"


class _Handler:
    """For callers with a scope. Checks in this order: caller, scope, rate, Idempotency-Key, what was said; until there nothing changed."""

    def __init__(self, context: DialectContext, endpoint: Endpoint) -> None:
        self._context = context
        self._endpoint = endpoint
        self._caller = context.authenticator.caller
        self._commands = context.services.commands
        self._answer = _answering(endpoint)
        self._waits = iscoroutinefunction(endpoint.run)
        self._status = endpoint.status
        self._scope = endpoint.scope.value
        self._group = endpoint.group
        self._limited = context.limits.limits(endpoint.group)
        self._changes = endpoint.effect is not Effect.READ
        self._commanding = endpoint.effect is Effect.COMMAND

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        caller = self._caller(request, self._changes)
        if type(caller) is Problem:
            return problem_reply(caller, PRIVATE)
        if self._scope not in caller.scopes:
            return problem_reply(self._scope_missing(caller), PRIVATE)
        if type(caller) is SessionCaller:
            refused = self._refused(caller, request)
            if refused is not None:
                return problem_reply(refused, PRIVATE)
        if self._limited:
            wait = self._context.limits.admit(self._group, user=caller.user)
            if wait:
                return problem_reply(rate_limited(wait), PRIVATE)
        if self._changes and HEADER in request.headers:
            key = key_of(request)
            return problem_reply(key, PRIVATE) if isinstance(key, Problem) else self._repeatable(caller, request, key)
        return self._done(Call(self._context, request, caller))

    def _refused(self, caller: SessionCaller, request: Request) -> Problem | None:
        if self._endpoint.proof and not self._proved(caller):
            return problem(Code.PROOF_REQUIRED)
        if request.body and not is_json(request):
            return problem(Code.CONTENT_TYPE_WRONG)
        return None

    def _scope_missing(self, caller: Caller) -> Problem:
        scope = self._endpoint.scope
        if isinstance(caller, SessionCaller):
            return problem(Code.SCOPE_MISSING, "This is for the venue's operators.")
        if scope in OF_PEOPLE:
            return problem(Code.SESSION_REQUIRED)
        return problem(Code.SCOPE_MISSING, f"This needs the scope {scope}, which the key has not.")

    def _proved(self, caller: SessionCaller) -> bool:
        context = self._context
        return context.services.clock() - caller.session.proved < context.settings.proof_lifetime

    async def _repeatable(self, caller: Caller, request: Request, key: str) -> Reply:
        """A change with an Idempotency-Key: what was done under it before is not done again."""
        context, account = self._context, caller.account
        before = context.replies.begin(account, key, request, HOUR if self._endpoint.scope in OF_PEOPLE else DAY)
        if before is not None:
            try:
                await caller.claim(context.services.commands)
            except NonceRejected:
                return problem_reply(problem(Code.REQUEST_REPEATED), PRIVATE)
            if isinstance(before, Problem):
                return problem_reply(before, PRIVATE)
            return msgspec.structs.replace(before, headers=(*before.headers, REPLAYED))
        reply = None
        try:
            reply = await self._done(Call(context, request, caller, key))
        finally:
            kept = reply if reply is not None and not _may_be_tried_again(reply.status) else None
            context.replies.finish(account, key, kept)
        return reply

    async def _done(self, call: Call) -> Reply:
        caller = call.caller
        try:
            # The kit's `answered`, written out: an order passes here, and each further call costs it something.
            if not self._commanding:
                await caller.claim(self._commands)
            try:
                value = self._answer(call)
                if type(value) is CoroutineType or (not self._waits and isinstance(value, Awaitable)):
                    value = await value
            except HistoryError:
                value = problem(Code.HISTORY_UNAVAILABLE)
            finally:
                if not caller.carried:
                    await caller.claim(self._commands)
        except NonceRejected:
            return problem_reply(problem(Code.REQUEST_REPEATED), PRIVATE)
        except (JournalStopped, DirectoryUnavailable):
            return problem_reply(problem(Code.UNAVAILABLE), PRIVATE)
        if type(value) in _MARKED:
            return reply_of(value, self._status, PRIVATE)
        return Reply(self._status, _encode(value), headers=PRIVATE)


def _may_be_tried_again(status: int) -> bool:
    return status >= 500 or status in (401, 429)
