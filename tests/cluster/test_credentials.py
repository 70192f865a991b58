"""Servers that let only those in whom they know."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from scripts.local_cluster import free_ports, nats_program

from cambist._core import JournalError
from cambist.cluster.connection import Connection
from cambist.cluster.settings import LogSettings
from tests.support.nats_servers import skip_without_server
from tests.support.waiting import wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of one that knows the user `one`, whose password has a colon in it."""
    skip_without_server()
    place, (port,) = nats_program(), free_ports(1)
    config, log = tmp_path / "server.conf", tmp_path / "server.log"
    config.write_text(f'listen: "127.0.0.1:{port}"\nauthorization {{ users: [ {{ user: "one", password: "right:one" }} ] }}\n')
    with log.open("wb") as output:
        process = subprocess.Popen([place, "--config", str(config)], stdout=output, stderr=output)
    try:
        wait_until(lambda: "Server is ready" in log.read_text())
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def settings(server: str, file: Path | str, patience: float = 30.0) -> LogSettings:
    return LogSettings((server,), "one", credentials=str(file), give_up_seconds=patience)


def test_who_is_known_is_let_in(server: str, tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("one:right:one\nwhat else stands there\n")
    with closing(Connection(settings(server, file))) as connection:
        assert connection.client.is_connected


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot be read: No such file"),
        (b"", "the first line of .* is not USER:PASSWORD"),
        (b"hush", "the first line of .* is not USER:PASSWORD"),
        (b"one:\n", "the first line of .* is not USER:PASSWORD"),
        (b"\xff\xfe", "it is no text"),
        (b"one:hush\n", "no NATS server lets this node in within 3 s: .*Authorization Violation"),
        (b"two:right:one\n", "no NATS server lets this node in within 3 s: .*Authorization Violation"),
    ],
)
def test_what_is_wrong_is_said_and_no_password_is_quoted(content: bytes | None, complaint: str, server: str, tmp_path: Path) -> None:
    file = tmp_path / "login"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(JournalError, match=complaint) as refused:
        Connection(settings(server, file, 3.0))
    assert "hush" not in str(refused.value)
