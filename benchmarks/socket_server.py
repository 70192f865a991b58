"""The two servers of the fan-out rows, in one process: `websockets` with its `broadcast`, and Cambist's channels.

Says its ports on standard output, then does what each line of standard input asks for (`<what> <seconds>`) and says how that went, in JSON.
Every sender waits until all clients' buffers are empty again whenever one of them has grown beyond LEEWAY: what is counted was delivered
to the system's own buffers, none of it only queued.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import structlog
import uvloop
import websockets.asyncio.server

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script, the directory of this file is there instead

from cambist import _core
from cambist.dialect_kit.hub import Channel, Hub
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.expie import Pace, build
from cambist.gateway.app import Gateway
from cambist.gateway.server import Server
from cambist.gateway.ws.limits import SocketLimits
from cambist.gateway.ws.socket import Socket as WebSocketConnection
from cambist.marketdata import MarketData
from cambist.scheduling import LoopScheduler

MESSAGE = b"x" * 200
A_TICK = 32
"""Messages of a tick in the row that sends single messages."""
LEEWAY = 1 << 20
ORDERS_A_TICK = 50
"""Commands of a frame: what comes together at some ten thousand orders a second while one sync lasts."""
FRAMES = 200


class Plain(Session):
    """Follows the channel of plain messages from the beginning."""

    hub = Hub()

    def opened(self) -> None:
        self.hub.subscribe(self.socket, "plain", Channel)

    def text(self, message: str) -> None: ...


async def drained(transports: list[Any], leeway: int) -> None:
    """Returns once no client has more than `leeway` bytes waiting; each waits for its tick of the loop."""
    await asyncio.sleep(0)
    if leeway and max(transport.get_write_buffer_size() for transport in transports) <= leeway:
        return
    while any(transport.get_write_buffer_size() for transport in transports):  # noqa: ASYNC110 - transports tell nobody
        await asyncio.sleep(0.0005)


async def timed(seconds: float, transports: list[Any], tick: Callable[[], int]) -> dict[str, Any]:
    """Ticks for so long, and until everything is delivered. `tick` says how many messages it gave to each client."""
    processor, started = time.process_time(), time.perf_counter()
    messages = ticks = 0
    while time.perf_counter() - started < seconds:
        messages += tick()
        ticks += 1
        await drained(transports, LEEWAY)
    await drained(transports, 0)
    elapsed = time.perf_counter() - started
    return {
        "clients": len(transports),
        "messages": messages * len(transports),
        "ticks": ticks,
        "seconds": elapsed,
        "per_second": messages * len(transports) / elapsed,
        "processor": time.process_time() - processor,
    }


class Market:
    """A market whose frames were made beforehand: each tick applies one, deals and book."""

    def __init__(self) -> None:
        engine = self.engine = _core.Engine()
        for code in ("BTC", "USD"):
            engine.create_asset(1, code, 16, 8)
        engine.create_market(1, 0, 1, 3, 8, 1, 1, 10**9, 1, 10**12, 0, 1_000, 1_000)
        for _account in range(2):
            account = engine.open_account(1).id
            for asset in (0, 1):
                engine.transfer(1, account * 2 + asset + 1, 0, account, asset, 1, 0, 2**95)
        self.data = MarketData((0,), lambda: time.time_ns() // 1_000)
        self.data.apply(engine.take_events())
        frames = []
        for number in range(FRAMES):
            self._orders(number)
            frames.append(engine.take_events())
        self._frames = self._for_ever(frames)

    def _orders(self, frame: int) -> None:
        """Half of the commands trade, the others come and go on both sides."""
        engine, account = self.engine, _core.FIRST_USER_ACCOUNT
        for number in range(ORDERS_A_TICK // 2):
            offset = (number * 7 + frame * 3) % 40
            engine.place_order(1, account, 0, number % 2, 0, 0, 0, 1, 1_000_000 + (offset if number % 2 else -offset), 10**6 + frame)
            engine.place_order(1, account + 1, 0, 1 - number % 2, 0, 1, 0, 1, 1_000_000 + (100 if not number % 2 else -100), 5 * 10**5)
        live = engine.open_orders(account)
        for order in live[:-60]:
            engine.cancel_order(1, account, order.order_id)

    def _for_ever(self, frames: list[bytes]) -> Iterator[bytes]:
        while True:
            yield from frames

    def tick(self) -> int:
        """One durable frame. Gives how many deals and changed levels were in it: what single messages would have to say."""
        # Trades are told apart by their ids, so a frame that comes again must bring new ones.
        self.data._last_trade = 0
        frame = next(self._frames)
        said = 0
        levels = set()
        for event in _core.decode_events(frame):
            if isinstance(event, _core.TradeExecuted):
                said += 1
            elif isinstance(event, _core.BookLevelChanged):
                levels.add((event.side, event.price))
        self.data.apply(frame)
        return said + len(levels)


class Bench:
    def __init__(self) -> None:
        self.market = Market()
        services = cast(
            "VenueServices",
            SimpleNamespace(
                view=self.market.engine,
                commands=None,
                market_texts=None,
                account_streams=None,
                scheduler=LoopScheduler(lambda: time.time_ns() // 1_000),
                marketdata=self.market.data,
                history=SimpleNamespace(reached=None),
                directory=SimpleNamespace(follow_revocations=lambda _revoked: None),
                wall_clock=lambda: time.time_ns() // 1_000,
            ),
        )
        service = build(services, pace=Pace(depth=0))
        self.expie: list[Socket] = []
        (theirs,) = service.sockets

        def accept(request: Any, socket: Socket) -> Any:
            self.expie.append(socket)
            return theirs.accept(request, socket)

        self.sockets: list[Socket] = []

        def plain(_request: Any, socket: Socket) -> Plain:
            self.sockets.append(socket)
            return Plain(socket)

        routes = [SocketRoute("/plain", plain), SocketRoute("/ws", accept)]
        limits = SocketLimits(unread_bytes=1 << 26, ping_seconds=3_600.0)
        self.server = Server(Gateway([], sockets=routes), socket_limits=limits)
        self.connections: set[Any] = set()

    async def serve(self) -> None:
        async def stay(connection: Any) -> None:
            self.connections.add(connection)
            try:
                await connection.wait_closed()
            finally:
                self.connections.discard(connection)

        await self.server.start()
        async with websockets.asyncio.server.serve(stay, "127.0.0.1", 0, compression=None, ping_interval=None) as listener:
            port = listener.sockets[0].getsockname()[1]
            self.say({"websockets": port, "cambist": self.server.port})
            loop = asyncio.get_running_loop()
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                what, seconds = line.split()
                self.say(await self.measure(what, float(seconds)))
        await self.server.stop(1.0)

    def say(self, record: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()

    async def measure(self, what: str, seconds: float) -> dict[str, Any]:
        if what == "broadcast":
            transports = [connection.transport for connection in self.connections]
            message = MESSAGE.decode()

            def broadcast() -> int:
                websockets.asyncio.server.broadcast(self.connections, message)
                return 1

            return await timed(seconds, transports, broadcast)
        if what == "channel":
            channel = Plain.hub.find("plain")
            assert channel is not None

            def publish() -> int:
                for _message in range(A_TICK):
                    channel.publish(MESSAGE)
                return A_TICK

            return await timed(seconds, transports_of(self.sockets), publish)
        return await timed(seconds, transports_of(self.expie), self.market.tick)


def transports_of(sockets: list[Socket]) -> list[asyncio.Transport]:
    return [cast(WebSocketConnection, socket).transport for socket in sockets if socket.is_open]


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is for the figures
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Bench().serve())
