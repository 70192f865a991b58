"""A network between processes of this machine that can be cut: each pair of them has a forwarder of its own.

What is sent over a cut link waits, in both directions and without any error, as it does in a network that loses every packet: it arrives
when the link is mended, if somebody still waits for it then. New connections over it are taken and hear nothing.

Forwarders and not network namespaces, so that it needs no rights and no programs. They run in a process of their own, so that whoever
makes the load does not slow them down.
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

CHUNK = 1 << 18


class NetworkLinks:
    """The forwarders. Links are added before `start`."""

    def __init__(self) -> None:
        self._listening: list[socket.socket] = []
        self._links: list[tuple[str, str, int]] = []
        self._process: subprocess.Popen[str] | None = None

    def add(self, source: str, target: str, port: int) -> int:
        """The port by which `source` gets to that of `target`."""
        opened = socket.create_server(("127.0.0.1", 0))
        self._listening.append(opened)
        self._links.append((source, target, port))
        return int(opened.getsockname()[1])

    def start(self) -> None:
        descriptors = [opened.fileno() for opened in self._listening]
        line = [sys.executable, "-m", "scripts.network_links", json.dumps([*zip(descriptors, self._links, strict=True)])]
        self._process = subprocess.Popen(
            line, pass_fds=descriptors, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        for opened in self._listening:
            opened.close()
        self._say("")

    def part(self, some: Iterable[str], others: Iterable[str]) -> None:
        """Cuts every link between the two, and mends all others."""
        self._say(json.dumps([[*some], [*others]]))

    def mend(self) -> None:
        """All of them."""
        self.part((), ())

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _say(self, line: str) -> None:
        """Returns when it is done."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            sys.exit("The forwarders between the processes have ended.")


class _Link:
    """One forwarder, in the process that has them."""

    def __init__(self, source: str, target: str, port: int) -> None:
        self.ends = {source, target}
        self._port = port
        self._mended = asyncio.Event()
        self._mended.set()

    def cut(self, cut: bool) -> None:
        if cut:
            self._mended.clear()
        else:
            self._mended.set()

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the source's."""
        await self._mended.wait()
        try:
            answers, requests = await asyncio.open_connection("127.0.0.1", self._port, limit=CHUNK)
        except OSError:
            writer.transport.abort()
            return
        ways = [asyncio.create_task(self._pass_on(reader, requests)), asyncio.create_task(self._pass_on(answers, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for end in (writer, requests):
            end.close()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                received = await source.read(CHUNK)
                await self._mended.wait()  # the end of a connection is not heard of over a cut link either
                if not received:
                    return
                target.write(received)
                await target.drain()


async def _serve(listening: list[tuple[int, tuple[str, str, int]]]) -> None:
    links = []
    for descriptor, ends in listening:
        link = _Link(*ends)
        links.append(link)
        await asyncio.start_server(link.forward, sock=socket.socket(fileno=descriptor), limit=CHUNK)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        some, others = (set(side) for side in json.loads(line.strip() or b"[[], []]"))
        for link in links:
            link.cut(bool(link.ends & some and link.ends & others))
        print("done", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(json.loads(sys.argv[1])))
