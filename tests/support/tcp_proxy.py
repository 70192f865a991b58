"""A proxy between a client and a server that can swallow what the server says."""

import contextlib
import socket
import threading


class TcpProxy:
    """Takes connections on a free loopback port and passes them on."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.swallowing = threading.Event()
        """While set, nothing that the server says arrives."""
        self._opened: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def close(self) -> None:
        for opened in (self._listening, *self._opened):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._opened += [client, server]
                threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, of_server: bool) -> None:
        with contextlib.suppress(OSError):
            while received := source.recv(1 << 16):
                if not (of_server and self.swallowing.is_set()):
                    target.sendall(received)
        for opened in (source, target):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
