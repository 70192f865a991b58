"""A venue whose people and keys are in a database, alone or shared with another node."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.support.postgresql import Server, postgresql
from tests.support.processes import Running, cambist, serving
from tests.support.waiting import wait_until

__all__ = ["postgresql"]


@dataclass
class Site:
    """A venue's directory, and the database that is to have its people."""

    data: Path
    server: Server
    database: str

    def configure(self) -> None:
        config = self.data / "config.toml"
        address = f'database = "{self.server.tcp_url(self.database)}"'
        config.write_text(re.sub(r'^database = ""$', address, config.read_text(), flags=re.MULTILINE))


@pytest.fixture
def site(tmp_path: Path, postgresql: Server) -> Site:
    """A venue with a user, alice, from the days when it was alone."""
    made = Site(tmp_path / "venue", postgresql, postgresql.new_database())
    with serving(tmp_path, "serve", "--data", made.data):
        assert add_user(made.data, "alice").returncode == 0
    made.configure()
    return made


def add_user(data: Path, name: str) -> "subprocess.CompletedProcess[str]":
    return cambist("user", "add", name, "--password", "correct horse", "--data", data)


def post(running: Running, path: str, body: dict[str, str]) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        f"{running.url}/cambist/v1{path}", json.dumps(body).encode(), {"content-type": "application/json", "origin": running.url}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


ALICE = {"name": "alice", "password": "correct horse"}


def test_a_venues_directory_is_moved_by_one_command(site: Site, tmp_path: Path) -> None:
    refused = cambist("serve", "--data", site.data, "--port", "0")
    assert refused.returncode == Exit.DAMAGED
    assert "cambist cluster move-directory" in refused.stderr
    assert site.server.password not in refused.stderr

    moved = cambist("cluster", "move-directory", "--data", site.data)
    assert moved.returncode == 0, moved.stderr
    assert not (site.data / "directory.sqlite").exists()
    assert not (site.data / "chain.sqlite").exists()
    assert (site.data / "directory.sqlite.moved").exists()
    assert (site.data / "chain.sqlite.moved").exists()
    again = cambist("cluster", "move-directory", "--data", site.data)
    assert again.returncode == Exit.NOT_A_VENUE

    with serving(tmp_path, "serve", "--data", site.data) as running:
        assert [user["name"] for user in json.loads(cambist("user", "list", "--json", "--data", site.data).stdout)] == ["alice"]
        assert post(running, "/session", ALICE)[0] == 201
        assert running.terminate() == 0
    doctor = cambist("doctor", "--data", site.data)
    assert re.search(r"has the directory: 1 users", doctor.stdout), doctor.stdout
    assert cambist("verify", "--data", site.data).returncode == 0


def test_while_the_database_is_away_logins_say_so_and_a_start_is_refused(site: Site, tmp_path: Path) -> None:
    assert cambist("cluster", "move-directory", "--data", site.data).returncode == 0
    with serving(tmp_path, "serve", "--data", site.data) as running:
        with site.server.without_connections(site.database):
            status, problem = post(running, "/session", ALICE)
            assert (status, problem["code"]) == (503, "unavailable")
            refused = add_user(site.data, "bob")
            assert refused.returncode == Exit.REFUSED
            assert "is away" in refused.stderr
            with urllib.request.urlopen(f"{running.url}/cambist/v1/markets", timeout=60) as answer:
                assert answer.status == 200
        wait_until(lambda: post(running, "/session", ALICE)[0] == 201)
        assert add_user(site.data, "bob").returncode == 0
        assert running.terminate() == 0
    with site.server.without_connections(site.database):
        refused = cambist("serve", "--data", site.data, "--port", "0")
        assert refused.returncode == Exit.BUSY
        assert "is away" in refused.stderr
        assert "a running venue trades on" in cambist("doctor", "--data", site.data).stdout


def test_a_backup_has_the_directory_in_a_file_and_a_copy_leaves_the_database_alone(site: Site, tmp_path: Path) -> None:
    assert cambist("cluster", "move-directory", "--data", site.data).returncode == 0
    with serving(tmp_path, "serve", "--data", site.data):
        made = cambist("backup", tmp_path / "backup", "--data", site.data)
        assert made.returncode == 0, made.stderr
    restored = cambist("restore", tmp_path / "backup", "--data", tmp_path / "restored")
    assert restored.returncode == 0, restored.stderr
    # The machine with the database is gone for good: a new one gets what the backup has.
    other = Site(tmp_path / "restored", site.server, site.server.new_database())
    config = other.data / "config.toml"
    config.write_text(config.read_text().replace(f"/{site.database}", f"/{other.database}"))
    moved = cambist("cluster", "move-directory", "--data", other.data)
    assert moved.returncode == 0, moved.stderr
    with serving(tmp_path, "serve", "--data", other.data) as running:
        assert post(running, "/session", ALICE)[0] == 201


def test_another_venues_database_is_refused(site: Site, tmp_path: Path) -> None:
    assert cambist("cluster", "move-directory", "--data", site.data).returncode == 0
    other = Site(tmp_path / "other", site.server, site.database)
    with serving(tmp_path, "serve", "--data", other.data):
        pass
    other.configure()
    for refused in (cambist("serve", "--data", other.data, "--port", "0"), cambist("cluster", "move-directory", "--data", other.data)):
        assert refused.returncode == Exit.DAMAGED
        assert "master key" in refused.stderr or "has a directory already" in refused.stderr
    assert (other.data / "directory.sqlite").exists()
    assert (other.data / "chain.sqlite").exists()


def test_a_move_that_was_cut_off_between_the_files_is_made_again(site: Site, tmp_path: Path) -> None:
    kept = site.data / "chain.sqlite.kept"
    (site.data / "chain.sqlite").rename(kept)
    assert cambist("cluster", "move-directory", "--data", site.data).returncode == 0
    kept.rename(site.data / "chain.sqlite")
    assert cambist("cluster", "move-directory", "--data", site.data).returncode == 0
    assert (site.data / "chain.sqlite.moved").exists()
    with serving(tmp_path, "serve", "--data", site.data) as running:
        assert post(running, "/session", ALICE)[0] == 201
