"""Clients without a key who ask for much at once: run as a process of its own, `strangers.py HOST PORT PATH CONNECTIONS read|unread`.

Each connection sends 32 requests at a time. `unread` never reads an answer; `read` reads whatever comes and sends the next 32 when all
answers are there. The process says `asked` once everybody has sent the first time, and ends when its input does.
"""

from __future__ import annotations

import selectors
import socket
import sys

PIPELINED = 32
UNREAD_BUFFER = 4_096
START = b"HTTP/1.1 200 OK"


class Answers:
    """Counts the answers that have begun on one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.begun = 0
        self._end = bytearray()

    def take(self, data: bytearray) -> int:
        data = self._end + data
        self.begun += data.count(START)
        self._end = data[-len(START) + 1 :]
        return self.begun


def main() -> None:
    host, port, path, connections, manner = sys.argv[1:]
    reads = manner == "read"
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: stranger\r\n\r\n".encode() * PIPELINED
    selector = selectors.DefaultSelector()
    for _number in range(int(connections)):
        one = socket.socket()
        if not reads:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BUFFER)
        one.connect((host, int(port)))
        one.sendall(request)
        selector.register(one, selectors.EVENT_READ, Answers(one))
    print("asked", flush=True)
    if not reads:
        sys.stdin.read()
        return
    selector.register(sys.stdin, selectors.EVENT_READ)
    buffer = bytearray(1 << 20)
    while True:
        for key, _events in selector.select():
            if key.fileobj is sys.stdin:
                return
            answers = key.data
            assert isinstance(answers, Answers)
            connection = answers.connection
            size = connection.recv_into(buffer)
            if not size:
                selector.unregister(connection)  # the server has had enough of us
                continue
            if answers.take(buffer[:size]) == PIPELINED:
                answers.begun = 0
                connection.sendall(request)


if __name__ == "__main__":
    main()
