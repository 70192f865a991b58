"""A venue whose history is in PostgreSQL, as docs/how-to/keep-history-in-postgresql.md has it."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.documents.blocks import blocks
from tests.support.history_places import PostgresPlace
from tests.support.postgresql import Server, postgresql
from tests.support.processes import cambist, serving
from tests.support.waiting import PATIENCE, wait_until
from tests.tidy.test_tidy import ROOT

__all__ = ["postgresql"]
PAGE = ROOT / "docs" / "how-to" / "keep-history-in-postgresql.md"


@dataclass
class Site:
    """A venue's directory and its database."""

    data: Path
    place: PostgresPlace

    def configure(self, url: str | None = None) -> None:
        """In the directory of a venue that was served once."""
        config = self.data / "config.toml"
        kept = re.sub(r"^\[history\].*?(?=^\[)", "", config.read_text(), flags=re.DOTALL | re.MULTILINE)
        config.write_text(f'{kept}\n[history]\nurl = "{url or self.place.server.tcp_url(self.place.database)}"\n')

    def stored(self) -> int:
        ((seq,),) = self.place.server.execute(self.place.database, "SELECT seq FROM progress")
        return int(seq)


@pytest.fixture
def site(tmp_path: Path, postgresql: Server) -> Site:
    made = Site(tmp_path / "venue", PostgresPlace(postgresql))
    with serving(tmp_path, "serve", "--data", made.data):
        pass
    made.configure()
    return made


def test_it_is_made_from_the_journal_at_the_first_start_and_followed(site: Site, tmp_path: Path) -> None:
    (site.data / "history.sqlite").unlink()
    with serving(tmp_path, "serve", "--data", site.data) as running:
        assert running.metric("cambist_history_seq") == running.metric("cambist_durable_seq") > 0
        assert cambist("user", "add", "alice", "--data", site.data).returncode == 0
        wait_until(lambda: site.stored() == running.metric("cambist_durable_seq"))
        assert not (site.data / "history.sqlite").exists()
        assert running.terminate() == 0
    assert site.place.server.password not in running.log.read_text()


def test_trading_goes_on_while_it_is_away_and_readiness_tells(site: Site, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", site.data) as running:
        with site.place.server.stopped():
            assert cambist("user", "add", "alice", "--data", site.data).returncode == 0
            wait_until(lambda: running.degraded() == "history does not follow")
            assert running.metric("cambist_history_blocked_seconds") > 0
            assert running.metric("cambist_history_seq") < running.metric("cambist_durable_seq")
        wait_until(lambda: running.degraded() == "")
        wait_until(lambda: running.metric("cambist_history_seq") == running.metric("cambist_durable_seq"))
        assert running.metric("cambist_history_blocked_seconds") == 0


def test_a_venue_starts_and_ends_while_it_is_away(site: Site, tmp_path: Path) -> None:
    with site.place.server.stopped():
        doctor = cambist("doctor", "--data", site.data)
        assert "starts and trades without it" in doctor.stdout
        with serving(tmp_path, "serve", "--data", site.data) as running:
            assert running.degraded() == "history does not follow"
            assert cambist("user", "add", "alice", "--data", site.data).returncode == 0
            assert running.terminate() == 0
        refused = cambist("rebuild", "--data", site.data)
        assert refused.returncode == Exit.BUSY
        assert "is away" in refused.stderr
    with serving(tmp_path, "serve", "--data", site.data) as running:
        wait_until(lambda: site.stored() == running.metric("cambist_durable_seq"))


def test_another_venues_database_is_refused_until_it_is_rebuilt(site: Site, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", site.data):
        pass
    other = Site(tmp_path / "other", site.place)
    with serving(tmp_path, "serve", "--data", other.data):
        pass
    other.configure()
    refused = cambist("serve", "--data", other.data, "--port", "0")
    assert refused.returncode == Exit.DAMAGED
    assert "another venue" in refused.stderr
    assert "cambist rebuild" in refused.stderr
    assert cambist("rebuild", "--data", other.data).returncode == 0
    with serving(tmp_path, "serve", "--data", other.data) as running:
        assert running.metric("cambist_history_seq") == running.metric("cambist_durable_seq")
        assert cambist("rebuild", "--data", site.data).returncode == Exit.BUSY, "somebody folds into it"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('url = "mysql://u:hush@h/db"', "history.url is no address such as"),
        ('url = "postgresql://u:hush/x@h/db"', "%40"),
        ('password_file = "x"', "of no use without history.url"),
    ],
)
def test_an_impossible_address_is_refused_and_not_repeated(lines: str, words: str, site: Site) -> None:
    config = site.data / "config.toml"
    config.write_text(re.sub(r"^\[history\].*", "", config.read_text(), flags=re.DOTALL | re.MULTILINE) + f"\n[history]\n{lines}\n")
    refused = cambist("serve", "--data", site.data, "--port", "0")
    assert refused.returncode == Exit.CONFIGURATION
    assert words in refused.stderr
    assert "hush" not in refused.stderr + refused.stdout


def test_a_sandbox_keeps_its_history_to_itself(tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text('[history]\nurl = "postgresql://cambist@db.example.com/cambist"\n')
    refused = cambist("sandbox", "--config", config, "--port", "0")
    assert refused.returncode == Exit.CONFIGURATION
    assert "sandbox" in refused.stderr


def test_a_restored_copy_leaves_the_venues_database_alone(site: Site, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--data", site.data):
        assert cambist("backup", tmp_path / "backup", "--data", site.data).returncode == 0
        restored = cambist("restore", tmp_path / "backup", "--data", tmp_path / "restored")
        assert restored.returncode == 0, restored.stderr
    assert not (tmp_path / "restored" / "history.sqlite").exists()


def test_the_pages_commands_do_what_it_says(site: Site, tmp_path: Path) -> None:
    """With the server's socket for the administrator, and its port for the venue."""
    server = site.place.server
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CAMBIST_DATA": str(site.data),
        "PGHOST": str(server.folder),
        "PGPORT": str(server.port),
        "PGUSER": server.owner,
        "PGPASSWORD": server.password,
    }
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cambist").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cambist.app.cli "$@"\n')
    (tmp_path / "bin" / "cambist").chmod(0o755)

    def shell(text: str) -> str:
        ran = subprocess.run(["bash", "-eo", "pipefail", "-c", text], env=environment, capture_output=True, text=True, timeout=PATIENCE * 2)
        assert ran.returncode == 0, f"{text}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    make, name, password, move, watch = (block for block in blocks(PAGE) if block.test.startswith("elsewhere"))
    shell(make.text)
    config = site.data / "config.toml"
    own = name.text.replace("db.example.com", f"127.0.0.1:{server.port}")
    config.write_text(re.sub(r"^\[history\].*", "", config.read_text(), flags=re.DOTALL | re.MULTILINE) + own)
    shell(password.text)
    del environment["PGPASSWORD"]
    said = shell(move.text)
    assert re.search(r"answers, and has history up to command [1-9]", said), said
    with serving(tmp_path, "serve", "--data", site.data) as running:
        seen = shell(watch.text.replace("127.0.0.1:8700", f"127.0.0.1:{running.port}"))
    assert re.findall(r"^cambist_history_(\w+) ", seen, re.MULTILINE) == ["seq", "blocked_seconds", "queued_bytes"]
