"""Nobody takes a sandbox for an exchange: its replies, its keys and its first screen say so, and it reaches nobody."""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Running, serving
from tests.support.waiting import PATIENCE
from tests.tidy.test_tidy import ROOT

HEADER = "x-cambist-sandbox"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--quiet") as running:
        yield running


def header(port: int, method: str, path: str, body: bytes = b"", **fields: str) -> tuple[int, str | None]:
    """(status, what the reply says of itself)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {"User-Agent": "x", **{name.replace("_", "-"): value for name, value in fields.items()}})
        reply = connection.getresponse()
        reply.read()
        return reply.status, reply.getheader(HEADER)
    finally:
        connection.close()


REPLIES = [
    pytest.param("GET", "/api/3/info", 200, id="BTC-e"),
    pytest.param("POST", "/tapi", 200, id="a signed call without a key"),
    pytest.param("GET", "/spot/api/v3.2/market_summary", 200, id="BTSE"),
    pytest.param("GET", "/spot/api/v3.2/user/wallet", 401, id="BTSE's error"),
    pytest.param("GET", "/v1/markets", 200, id="Expie"),
    pytest.param("GET", "/api/1/BTCUSD/ticker", 200, id="Mt.Gox"),
    pytest.param("GET", "/", 200, id="the front page"),
    pytest.param("HEAD", "/", 200, id="no body"),
    pytest.param("GET", "/readyz", 200, id="readiness"),
    pytest.param("GET", "/metrics", 200, id="metrics"),
    pytest.param("GET", "/sandbox/clock", 200, id="the control API"),
    pytest.param("PATCH", "/sandbox/clock", 405, id="a method that there is not"),
    pytest.param("GET", "/nothing/there", 404, id="nothing there"),
]


@pytest.mark.parametrize(("method", "path", "status"), REPLIES)
def test_every_reply_says_play_money(method: str, path: str, status: int, sandbox: Running) -> None:
    replied, said = header(sandbox.port, method, path)
    assert said == "play money"
    assert replied == status


def test_so_does_a_reply_that_a_fault_makes_or_cuts(sandbox: Running) -> None:
    for fault in ('{"kind":"server-error","path":"/api/3/info"}', '{"kind":"truncate","path":"/api/3/info","after_bytes":10}'):
        assert header(sandbox.port, "POST", "/sandbox/faults", fault.encode(), content_type="application/json")[0] == 200
        with socket.create_connection(("127.0.0.1", sandbox.port), PATIENCE) as raw:
            raw.sendall(b"GET /api/3/info HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            assert f"{HEADER}: play money".encode() in raw.recv(65_536)


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"NONSENSE\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET /api/3/info HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999\r\n\r\n", id="a body that is too large"),
        pytest.param(
            b"GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: "
            + base64.b64encode(bytes(16)) + b"\r\n\r\n", id="a socket's opening handshake",
        ),
        pytest.param(b"GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", id="a handshake that is none"),
    ],
)  # fmt: skip
def test_so_does_what_the_server_says_by_itself(request_bytes: bytes, sandbox: Running) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), PATIENCE) as raw:
        raw.sendall(request_bytes)
        assert f"{HEADER}: play money".encode() in raw.recv(65_536)


def test_a_venue_s_replies_do_not(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", tmp_path / "venue") as venue:
        assert header(venue.port, "GET", "/api/3/info") == (200, None)


def test_the_first_screen_says_play_money(sandbox: Running) -> None:
    assert "PLAY MONEY" in sandbox.log.read_text().splitlines()[0]


def test_keys_are_marked_where_their_form_has_room(sandbox: Running) -> None:
    for user in sandbox.ready["users"]:
        keys = {dialect: credentials["key"] for dialect, credentials in user["keys"].items() if "key" in credentials}
        marked = {dialect for dialect, key in keys.items() if key.lower().startswith("sandbox")}
        assert marked == {"btce", "wex", "native"}
        assert len(keys["wex"]) == len("46G9R9D6-WJ77XOIP-XH9HH5VQ-A3XN3YOZ-8T1R8I8T")


def test_so_are_keys_that_are_made_later_and_those_of_a_venue_are_not(sandbox: Running, tmp_path: Path) -> None:
    from tests.support.processes import cambist
    from tests.support.sandbox_control import done

    made = done(sandbox, "POST", "/sandbox/keys", {"user": "alice", "dialect": "wex"})
    assert made["credentials"]["key"].startswith("SANDBOX")
    renewed = done(sandbox, "POST", f"/sandbox/keys/{made['credentials']['key']}/renew", {})
    assert renewed["credentials"]["key"].startswith("SANDBOX")
    with serving(tmp_path, "serve", "--data", tmp_path / "venue"):
        assert cambist("user", "add", "alice", "--data", tmp_path / "venue").returncode == 0
        key = json.loads(cambist("key", "create", "alice", "--dialect", "wex", "--data", tmp_path / "venue", "--json").stdout)
        assert not key["key"].startswith("SANDBOX")


ALONE = """
set -e
mount --bind "$1" /etc/resolv.conf
ip link set lo up
ip link add outside type veth peer name nowhere
echo 1 > /proc/sys/net/ipv6/conf/outside/disable_ipv6
ip addr add 10.9.8.7/24 dev outside
ip link set outside up
ip route add default via 10.9.8.1
shift
exec "$@"
"""
"""A network namespace with one way out, by which nobody answers; name servers are beyond it too."""


def test_a_sandbox_sends_nothing_to_other_machines(tmp_path: Path) -> None:
    if shutil.which("ip") is None:
        pytest.skip("needs ip (Debian: iproute2)")
    names = tmp_path / "resolv.conf"
    names.write_text("nameserver 10.9.8.1\n")
    line = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", ALONE, "sh", str(names)]
    ran = subprocess.run(
        [*line, sys.executable, "-m", "tests.app.lonely_sandbox"],
        cwd=ROOT, env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=4 * PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    steps = json.loads(ran.stdout)
    assert steps.pop("what one packet counts") > 0, "the count sees what leaves"
    assert steps.pop("heard here") == 1, "a notice to this machine, which was asked for, arrived"
    assert steps == {"start": 0, "trading": 0, "notices": 0, "end": 0}
