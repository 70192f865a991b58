"""The `cambist` command with two more routes that do nothing: what the measured ones are compared with, in the same process.

`POST /empty/signed` finds the key, checks the signature over the body as the trade API does, and answers a small constant. `GET
/empty/plain` answers it at once. Neither touches the exchange, so neither waits for the journal. `GET /empty/history` answers when history
has caught up: somebody must wait for it, or it takes ten times as long, because it rests while nobody does.

It is a sandbox, because that has users at once, but without what a sandbox has before its dialects, its log of requests and its faults: a
venue that people trade on has none of it. In an environment where BEFORE_DIALECTS is `log` it has the log alone, where it is `everything`
both.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import patch

from cambist.app import dialects, sandbox_session, wiring
from cambist.app.cli import main
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.venue import Venue
from cambist.app.wiring import Environment, Extension
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.exchange import Sequencer
from cambist.sandbox.sent_bytes import SentBytes

ANSWER = b'{"success":1,"return":{}}'
REFUSED = Reply(body=b'{"success":0,"error":"invalid sign"}')


async def open_venue(files: DataDirectory, config: Config, environment: Environment) -> Venue:
    """A venue as `cambist serve` has it: nothing stands before its dialects, and they have its own parts. Or with more than that."""
    before = os.environ.get("BEFORE_DIALECTS", "nothing")
    if before in ("nothing", "log"):
        environment = without_faults(environment, logged=before == "log")
    return await wiring.open_venue(files, config, environment)


def without_faults(environment: Environment, *, logged: bool) -> Environment:
    """A sandbox's environment whose faults are made, but meet nothing; and with its log of requests or without."""

    def offer(services: VenueServices) -> VenueServices:
        environment.offer(services)
        return services

    def extend(services: VenueServices, sequencer: Sequencer, served: Sequence[DialectService]) -> Extension:
        extension = environment.extend(services, sequencer, served)
        return replace(extension, interceptors=(), outermost=extension.outermost if logged else ())

    return replace(environment, offer=offer, extend=extend)


def build(services: VenueServices) -> DialectService:
    """The routes of a dialect that does nothing."""
    find_key = services.directory.find_key

    def signed(request: Request) -> Reply:
        key = find_key(request.headers.get(b"key", b"").decode("latin-1"))
        if key is None:
            return REFUSED
        if not key.hmac_key("sha512").verify_hex(request.body, request.headers.get(b"sign", b"")):
            return REFUSED
        return Reply(body=ANSWER)

    def plain(_request: Request) -> Reply:
        return Reply(body=ANSWER)

    async def caught_up(_request: Request) -> Reply:
        await services.history.reached(services.view.seq, within=None)
        return Reply(body=ANSWER)

    routes = (
        Route("/empty/signed", signed, ("POST",), dialect="empty", durable=False),
        Route("/empty/plain", plain, ("GET",), dialect="empty", durable=False),
        Route("/empty/history", caught_up, ("GET",), dialect="empty", durable=False),
    )
    return DialectService("empty", routes, render_order=lambda _placed: ())


if __name__ == "__main__":
    dialects.TITLES["empty"] = "nothing"
    served = dialects.build
    dialects.TITLES["empty"] = "Nothing, to compare with"
    dialects.build = lambda sections, services: [*served(sections, services), build(services)]
    patches = patch.object(SentBytes, "wrap", lambda _self, transport, _number: transport)
    with patch.object(sandbox_session, "open_venue", open_venue), patches:
        main()
