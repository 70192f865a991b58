"""All that makes up the faults of one sandbox, in the places where they work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.messages import Reply
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.sockets import SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.domain.units import MarketId
from cambist.exchange import Commands, View
from cambist.sandbox.faults.clock_skew import ClientClock
from cambist.sandbox.faults.commands import InterposedCommands
from cambist.sandbox.faults.counterparty import Counterparty
from cambist.sandbox.faults.halts import MarketHalts
from cambist.sandbox.faults.kept import add_part
from cambist.sandbox.faults.orders import OrderFaults
from cambist.sandbox.faults.registry import Faults
from cambist.sandbox.faults.requests import Barrier, RequestFaults, Wordings
from cambist.sandbox.faults.sockets import Answers, SocketFaults
from cambist.sandbox.faults.stale_reads import StaleReads
from cambist.sandbox.faults.traders_commands import TradersCommands
from cambist.sandbox.request_log import RequestLog


class FaultInstallation:
    """Made in steps, as a venue is: `offer` before the dialects are built, `install` afterwards, `for_traders` when there are any."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._traders: TradersCommands | None = None

    def offer(self, services: VenueServices) -> VenueServices:
        """The venue's parts as the dialects get them: with a clock that can be wrong, and commands that faults can meet."""
        self._client_clock = ClientClock(services.wall_clock)
        self._commands = InterposedCommands(services.commands, services.view)
        return replace(services, wall_clock=self._client_clock, commands=self._commands.port)

    def for_traders(self, commands: Commands, view: View) -> Commands:
        """What the sandbox's traders give their commands to."""
        self._traders = TradersCommands(commands, view)
        return self._traders.port

    def keep_halted(self, keep: Callable[[Sequence[MarketId]], object]) -> None:
        """Has it written down which markets faults have halted."""
        self._halts.keep = keep

    def start(self) -> None:
        """Nothing moves by itself before something is armed."""

    def stop(self) -> None:
        """Disarms everything without another command, since the venue may be given up: what was delayed goes on, what froze thaws."""
        self._halts.give_up()
        self.faults.clear()

    def end(self) -> None:
        """Before the sandbox ends: disarms everything, and opens the markets that faults have halted."""
        self.faults.clear()

    def install(self, services: VenueServices, served: Sequence[DialectService], barrier: Barrier, log: RequestLog) -> None:
        """`services` as the venue has them; `barrier` the gateway's."""
        view, commands = services.view, self._commands
        names = [dialect.name for dialect in served]
        self.faults = faults = Faults(self._seed, services.scheduler, services.directory, services.catalogue, names, log)
        wordings = Wordings({dialect.name: dialect.wording for dialect in served if dialect.wording is not None})
        identify = {dialect.name: dialect.identify for dialect in served if dialect.identify is not None}

        def seq() -> int:
            return view.seq

        def changes() -> int:
            return commands.changes

        replies: StaleReads[Reply] = StaleReads(services.clock, seq, changes, lambda reply: len(reply.content))
        answers: StaleReads[Answers] = StaleReads(services.clock, seq, changes, lambda said: sum(len(message) for message, _ in said[0]))
        requests = RequestFaults(faults, wordings, identify, barrier, self._client_clock, replies)
        sockets = SocketFaults(faults, wordings, identify, self._client_clock, answers)
        counterparty = Counterparty(commands.venue, view, services.entropy)
        nonces = services.directory.nonces
        orders = OrderFaults(faults, commands.venue, view, counterparty, lambda: self._traders, wordings, nonces, requests.durable, log)
        commands.watch(faults, orders)
        self._halts = MarketHalts(faults, commands.venue, view)
        add_part(services.state_parts, faults, orders, self._halts, counterparty)
        self.interceptor: Interceptor = _BeforeDialects(requests, sockets)


class _BeforeDialects:
    """Where faults meet requests and sockets."""

    def __init__(self, requests: RequestFaults, sockets: SocketFaults) -> None:
        self._requests = requests
        self._sockets = sockets

    def route(self, route: Route) -> Route:
        return self._requests.route(route)

    def socket_route(self, route: SocketRoute) -> SocketRoute:
        return self._sockets.socket_route(route)
