"""`cambist replay`: a run is repeated from its bundle in a fresh process, and where it parts is told to the byte."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import msgspec
import pytest

from cambist.sandbox.run_bundle import Bundle, Input, packed, unpacked
from tests.support.processes import Running, cambist, start
from tests.support.scripted_session import Session

REQUESTS = 160


@dataclass
class Run:
    """A session that is over: its bundle, what `GET /sandbox/run` said, and all that nobody may see."""

    bundle: bytes
    state: dict[str, Any]
    secrets: set[str]


def fetched(running: Running, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}{path}", timeout=60) as reply:
        return bytes(reply.read())


def made(folder: Path) -> Run:
    """A run with orders, sockets, faults, a wrong signature and a moving clock."""
    folder.mkdir()
    running = start(folder, "sandbox", "--seed", "7", "--clock", "manual", "--users", "alice,bob")
    try:
        session = Session(running.ready)
        session.tell("/sandbox/faults", {"kind": "server-error", "dialect": "btce_wex", "path": "/tapi", "skip": 3, "count": 2})
        session.tell("/sandbox/faults", {"kind": "delay", "dialect": "btse", "transport": "http", "skip": 2, "count": 1, "after": 0})
        session.run(REQUESTS)
        secrets = {value for user in running.ready["users"] for value in (user["password"], *_secrets(user["keys"]))} | session.signatures
        return Run(fetched(running, "/sandbox/bundle"), json.loads(fetched(running, "/sandbox/run")), secrets)
    finally:
        running.terminate()


def _secrets(keys: dict[str, dict[str, str]]) -> list[str]:
    return [value for credentials in keys.values() for name, value in credentials.items() if name in ("secret", "token")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("run") / "first")


def replayed(folder: Path, bundle: bytes) -> CompletedProcess[str]:
    file = folder / "run.zip"
    file.write_bytes(bundle)
    return cambist("replay", file)


def test_a_run_is_repeated_in_a_fresh_process_with_the_same_hashes(tmp_path: Path, run: Run) -> None:
    done = replayed(tmp_path, run.bundle)
    assert (done.returncode, done.stderr) == (0, "")
    commands, sent = run.state["commands"], run.state["sent"]
    assert done.stdout.startswith("the same: ")
    assert f"{commands['count']:,} commands ({commands['hash'][:16]})" in done.stdout
    assert f"{sent['count']:,} bytes on {sent['connections']} connections ({sent['hash'][:16]})" in done.stdout
    assert run.state["gaps"] == []
    configuration = json.dumps(run.state["start"]["configuration"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert run.state["configuration_hash"] == hashlib.sha256(configuration.encode()).hexdigest()


def test_the_same_session_makes_the_same_bundle(tmp_path: Path, run: Run) -> None:
    again = made(tmp_path / "second")
    assert again.state == run.state
    assert unpacked(again.bundle) == unpacked(run.bundle)
    assert again.bundle == run.bundle


def test_a_bundle_has_no_secret_and_no_signature(run: Run) -> None:
    assert len(run.secrets) > REQUESTS // 4
    bundle = unpacked(run.bundle)
    content = b"".join([packed_part for packed_part in _parts(bundle)]).decode("latin-1")
    assert not [secret for secret in run.secrets if secret in content]


def _parts(bundle: Bundle) -> list[bytes]:
    return [msgspec.json.encode(bundle.manifest), msgspec.json.encode(bundle.inputs), bundle.commands, *bundle.sent.values()]


# --- altered bundles ----------------------------------------------------------------------------------------------------------


def sent_byte(bundle: Bundle) -> tuple[Bundle, str]:
    """One byte of what a socket was sent."""
    number = next(each.connection for each in bundle.inputs if each.kind == "opened")
    data = bytearray(bundle.sent[number])
    at = len(data) // 2
    data[at] ^= 1
    sent = bundle.sent | {number: bytes(data)}
    return msgspec.structs.replace(bundle, sent=sent), rf"byte \d+ of what connection {number} was sent then, byte {at} of the connection"


def body_byte(bundle: Bundle) -> tuple[Bundle, str]:
    """One byte of a signed request: its signature is not the right one any more."""
    place, order = next((place, each) for place, each in enumerate(bundle.inputs) if "method=getInfo" in each.body)
    changed = msgspec.structs.replace(order, body=order.body.replace("getInfo", "getInfp"))
    inputs = [*bundle.inputs[:place], changed, *bundle.inputs[place + 1 :]]
    return msgspec.structs.replace(
        bundle, inputs=inputs
    ), rf"request {order.number:,} \(POST /tapi\): byte \d+ of what connection {order.connection}"


def left_out(bundle: Bundle) -> tuple[Bundle, str]:
    """A request less: less is sent before the next one on that connection."""
    asked = [each for each in bundle.inputs if each.kind == "request" and each.target.startswith("/api/3/")]
    inputs = [each for each in bundle.inputs if each is not asked[0]]
    return msgspec.structs.replace(bundle, inputs=inputs), rf"before .* {_next(inputs, asked[0]).number:,}"


def _next(inputs: list[Input], gone: Input) -> Input:
    return next(each for each in inputs if each.connection == gone.connection and each.number > gone.number)


def command_byte(bundle: Bundle) -> tuple[Bundle, str]:
    """One byte of the last command."""
    commands = bundle.commands[:-1] + bytes([bundle.commands[-1] ^ 1])
    return msgspec.structs.replace(bundle, commands=commands), "the manifest's hash of the commands is not that|command [0-9,]+, although"


def other_seed(bundle: Bundle) -> tuple[Bundle, str]:
    """Another market, and other keys."""
    start_of = msgspec.structs.replace(bundle.manifest.start, seed=8)
    return msgspec.structs.replace(bundle, manifest=msgspec.structs.replace(bundle.manifest, start=start_of)), "it parts at "


@pytest.mark.parametrize("alter", [sent_byte, body_byte, left_out, other_seed], ids=lambda alter: alter.__name__)
def test_an_altered_bundle_is_told_where(tmp_path: Path, run: Run, alter: Callable[[Bundle], tuple[Bundle, str]]) -> None:
    altered, words = alter(unpacked(run.bundle))
    done = replayed(tmp_path, packed(altered))
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    assert re.search(words, done.stderr), (words, done.stderr)
    assert "in the bundle: " in done.stderr


@pytest.mark.parametrize("alter", [command_byte], ids=lambda alter: alter.__name__)
def test_altered_commands_are_told_when_all_that_was_sent_is_the_same(
    tmp_path: Path, run: Run, alter: Callable[[Bundle], tuple[Bundle, str]]
) -> None:
    altered, words = alter(unpacked(run.bundle))
    manifest = altered.manifest
    counted = msgspec.structs.replace(manifest.commands, hash="0" * 64)
    done = replayed(tmp_path, packed(msgspec.structs.replace(altered, manifest=msgspec.structs.replace(manifest, commands=counted))))
    assert done.returncode == 1
    assert re.search(words, done.stderr), done.stderr


# --- what cannot be repeated --------------------------------------------------------------------------------------------------


def test_what_is_no_bundle_is_refused(tmp_path: Path, run: Run) -> None:
    missing = cambist("replay", tmp_path / "none.zip")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no such file" in missing.stderr
    device = cambist("replay", "/dev/zero")
    assert (device.returncode, "this is no regular file" in device.stderr) == (6, True)
    damaged = replayed(tmp_path, run.bundle[:1_000] + bytes([run.bundle[1_000] ^ 1]) + run.bundle[1_001:])
    assert damaged.returncode == 6
    assert "damaged" in damaged.stderr


def test_a_run_whose_clock_moved_by_itself_is_refused_with_the_reason(tmp_path: Path) -> None:
    running = start(tmp_path, "sandbox", "--preset", "quiet")
    try:
        state, bundle = json.loads(fetched(running, "/sandbox/run")), fetched(running, "/sandbox/bundle")
    finally:
        running.terminate()
    assert state["gaps"] == ["its clock moved by itself: only a run with --clock manual can be repeated"]
    done = replayed(tmp_path, bundle)
    assert done.returncode == 1
    assert "its clock moved by itself" in done.stderr


def test_a_run_that_was_reset_says_that_it_cannot_be_repeated(tmp_path: Path) -> None:
    running = start(tmp_path, "sandbox", "--seed", "7", "--clock", "manual", "--users", "alice,bob", "--preset", "quiet")
    try:
        session = Session(running.ready)
        session.tell("/sandbox/reset", {})
        state = json.loads(fetched(running, "/sandbox/run"))
    finally:
        running.terminate()
    assert state["gaps"] == ["it was reset or restored since: only what happened since the start of the process can be repeated"]
