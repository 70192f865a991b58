"""Where the stream is, and who may open it."""

from __future__ import annotations

from cambist.api_types.problems import Code, Problem, problem
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.order_feed import order_feed
from cambist.dialect_kit.revocations import Revocations
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Socket, SocketRoute
from cambist.dialect_kit.websocket_wire import UPGRADE_REQUIRED
from cambist.dialects.native.auth import SessionCaller, from_this_site, session_token
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoint import DIALECT, problem_reply
from cambist.dialects.native.stream.session import PATH, StreamClient, StreamServices
from cambist.dialects.native.stream.session_ends import SessionEnds


def sockets(context: DialectContext) -> tuple[SocketRoute, ...]:
    """One path. A cookie lets its user in, unless another site's page made the browser send it; a key logs in by a message."""
    services = context.services
    directory = services.directory
    shared = StreamServices(context, order_feed(services), Revocations(directory), SessionEnds(directory.sessions))

    def accept(request: Request, socket: Socket) -> StreamClient | Reply:
        caller = _caller(request)
        if isinstance(caller, Problem):
            return problem_reply(caller)
        return StreamClient(socket, shared, caller)

    def _caller(request: Request) -> SessionCaller | Problem | None:
        token = session_token(request)
        if not token:
            return None
        if not from_this_site(request):
            return problem(Code.CSRF_WRONG, "This request comes from another site's page.")
        session = directory.sessions.find(token)
        return SessionCaller(session, token) if session is not None else None

    return (SocketRoute(PATH, accept, dialect=DIALECT),)


def plain_routes() -> tuple[Route, ...]:
    """For whoever asks the path without wanting to speak WebSocket."""
    return (Route(PATH, lambda _request: UPGRADE_REQUIRED, dialect=DIALECT, durable=False),)
