"""The configurations of docs/how-to/behind-a-proxy.md, run by the real programs in front of a real gateway."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.gateway.http.forwarded import TrustedProxies
from tests.app.test_tls import certificate
from tests.gateway.conftest import PATIENCE, Running, Serve
from tests.support import websocket_frames as ws
from tests.support.waiting import wait_until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "behind-a-proxy.md"
NGINX, CADDY = shutil.which("nginx"), shutil.which("caddy")
CLIENT = "127.0.0.2"
"""Where the tests' client connects from: an address of this machine that is not the proxy's."""


def block(language: str) -> str:
    """The one code block of the page in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def replaced(text: str, **changes: str) -> str:
    """With these exact words replaced, each of which must be there."""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Echo(Session):
    def text(self, message: str) -> None:
        self.socket.send(f"{message} {self.socket.client}".encode())


def origin(request: Request) -> Reply:
    return Reply(200, f"{request.client} {request.base_url} {request.path}".encode())


@pytest.fixture
def venue(serve: Serve) -> Running:
    def accept(_request: Request, socket: Socket) -> Session:
        return Echo(socket)

    proxies = TrustedProxies(["127.0.0.1"])
    return serve([Route("/", origin, ("GET", "POST"), prefix=True)], sockets=[SocketRoute("/ws", accept)], server={"proxies": proxies})


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            wait_until(lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.terminate()


@pytest.fixture
def nginx(venue: Running, tmp_path: Path) -> Iterator[int]:
    if NGINX is None:
        pytest.skip("nginx is not installed: scripts/install-test-packages does it")
    cert, key = certificate(tmp_path)
    port = free_port()
    changes = {
        "127.0.0.1:8700": f"127.0.0.1:{venue.port}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/exchange.example.com.pem": str(cert),
        "/etc/ssl/exchange.example.com.key": str(key),
    }
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    server = replaced(block("nginx"), **changes)
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/nginx.pid;\ndaemon off;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{server}}}\n"
    )
    with running([NGINX, "-c", str(config), "-p", str(tmp_path), "-e", "stderr"], port, tmp_path / "nginx.log"):
        yield port


@pytest.fixture
def caddy(venue: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    if CADDY is None:
        pytest.skip("caddy is not installed: scripts/install-test-packages does it")
    port = free_port()
    changes = {"exchange.example.com": f"http://:{port}", "127.0.0.1:8700": f"127.0.0.1:{venue.port}"}
    config = tmp_path / "Caddyfile"
    config.write_text("{\n\tadmin off\n}\n" + replaced(block("caddyfile"), **changes))
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with running([CADDY, "run", "--config", str(config), "--adapter", "caddyfile"], port, tmp_path / "caddy.log"):
        yield port


def connect(port: int, *, tls: bool) -> http.client.HTTPConnection:
    source = (CLIENT, 0)
    if not tls:
        return http.client.HTTPConnection("127.0.0.1", port, PATIENCE, source_address=source)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, source_address=source, context=context)


def ask(connection: http.client.HTTPConnection, path: str, **fields: str) -> str:
    headers = {"Host": "exchange.example.com", **{name.replace("_", "-"): value for name, value in fields.items()}}
    connection.request("GET", path, headers=headers)
    return connection.getresponse().read().decode()


CLAIMS = {"X_Forwarded_For": "203.0.113.66", "Forwarded": "for=203.0.113.66;proto=gopher", "X_Real_IP": "203.0.113.66"}
"""What a client may write itself."""


def test_nginx_passes_on_who_asked_and_what_for(nginx: int) -> None:
    connection = connect(nginx, tls=True)
    assert ask(connection, "/api//2/btc%5Fusd/") == f"{CLIENT} https://exchange.example.com /api//2/btc%5Fusd/"
    assert ask(connection, "/", **CLAIMS) == f"{CLIENT} https://exchange.example.com /"
    connection.close()


def test_nginx_upgrades_websockets(nginx: int) -> None:
    assert upgraded(connect(nginx, tls=True)) == f"hello {CLIENT}".encode()


def test_caddy_passes_on_who_asked_and_what_for(caddy: int) -> None:
    connection = connect(caddy, tls=False)
    assert ask(connection, "/api//2/btc%5Fusd/") == f"{CLIENT} http://exchange.example.com /api//2/btc%5Fusd/"
    assert ask(connection, "/", **CLAIMS) == f"{CLIENT} http://exchange.example.com /"
    connection.close()


def test_caddy_upgrades_websockets(caddy: int) -> None:
    assert upgraded(connect(caddy, tls=False)) == f"hello {CLIENT}".encode()


def upgraded(connection: http.client.HTTPConnection) -> bytes:
    """What a socket behind the proxy answers to `hello`."""
    connection.connect()
    raw = connection.sock
    raw.sendall(
        b"GET /ws HTTP/1.1\r\nHost: exchange.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    got = b""
    while b"\r\n\r\n" not in got:
        got += raw.recv(4_096)
    assert got.startswith(b"HTTP/1.1 101")
    raw.sendall(bytes(ws.text("hello")))
    frame = got.partition(b"\r\n\r\n")[2]
    while len(frame) < 2 or len(frame) < 2 + frame[1]:
        frame += raw.recv(4_096)
    connection.close()
    return frame[2:]
