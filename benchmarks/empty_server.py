"""The `cambist` command with two more routes that do nothing: what the measured ones are compared with, in the same process.

`POST /empty/signed` finds the key, checks the signature over the body as the trade API does, and answers a small constant. `GET
/empty/plain` answers it at once. Neither touches the exchange, so neither waits for the journal.

It is a sandbox, because that has users at once, but without a sandbox's log of requests: a venue that people trade on has none.
"""

from __future__ import annotations

import hmac
from unittest.mock import patch

from cambist.app import dialects, sandboxing
from cambist.app.cli import main
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.sockets import SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.sandbox.request_log import RequestLog

ANSWER = b'{"success":1,"return":{}}'
REFUSED = Reply(body=b'{"success":0,"error":"invalid sign"}')


class NoLog(RequestLog):
    """Stands before nothing."""

    def route(self, route: Route) -> Route:
        return route

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        return route


def build(services: VenueServices) -> DialectService:
    """The routes of a dialect that does nothing."""
    find_key = services.directory.find_key

    def signed(request: Request) -> Reply:
        key = find_key(request.headers.get(b"key", b"").decode("latin-1"))
        if key is None:
            return REFUSED
        if not hmac.compare_digest(key.mac("sha512", request.body).hex().encode(), request.headers.get(b"sign", b"")):
            return REFUSED
        return Reply(body=ANSWER)

    def plain(_request: Request) -> Reply:
        return Reply(body=ANSWER)

    routes = (
        Route("/empty/signed", signed, ("POST",), dialect="empty", durable=False),
        Route("/empty/plain", plain, ("GET",), dialect="empty", durable=False),
    )
    return DialectService("empty", routes)


if __name__ == "__main__":
    dialects.TITLES["empty"] = "nothing"
    served = dialects.build
    dialects.TITLES["empty"] = "Nothing, to compare with"
    dialects.build = lambda sections, services: [*served(sections, services), build(services)]
    with patch.object(sandboxing, "RequestLog", NoLog):
        main()
