"""All that makes up the faults of one sandbox, in the places where they work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.messages import Reply
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.sockets import SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.sandbox.faults.clock_skew import ClientClock
from cambist.sandbox.faults.commands import InterposedCommands
from cambist.sandbox.faults.registry import Faults, Log
from cambist.sandbox.faults.requests import Barrier, RequestFaults, Wordings
from cambist.sandbox.faults.stale_reads import StaleReads


class FaultInstallation:
    """Made in two steps, as a venue is: `offer` before the dialects are built, `install` afterwards."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def offer(self, services: VenueServices) -> VenueServices:
        """The venue's parts as the dialects get them: with a clock that can be wrong, and commands that faults can meet."""
        self._client_clock = ClientClock(services.wall_clock)
        self._commands = InterposedCommands(services.commands)
        return replace(services, wall_clock=self._client_clock, commands=self._commands.port)

    def install(self, services: VenueServices, served: Sequence[DialectService], barrier: Barrier, log: Log) -> None:
        """`services` as the venue has them; `barrier` the gateway's."""
        names = [dialect.name for dialect in served]
        self.faults = faults = Faults(self._seed, services.scheduler, services.directory, services.catalogue, names, log)
        wordings = Wordings({dialect.name: dialect.wording for dialect in served if dialect.wording is not None})
        identify = {dialect.name: dialect.identify for dialect in served if dialect.identify is not None}
        stale_reads: StaleReads[Reply] = StaleReads(services.clock, lambda: services.view.seq, lambda: self._commands.changes)
        requests = RequestFaults(faults, wordings, identify, barrier, self._client_clock, stale_reads)
        self.interceptor: Interceptor = _BeforeDialects(requests)


class _BeforeDialects:
    """Where faults meet requests and sockets."""

    def __init__(self, requests: RequestFaults) -> None:
        self._requests = requests

    def route(self, route: Route) -> Route:
        return self._requests.route(route)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        return route
