"""A sandbox put into another state of itself, with real processes and a raw client: reset, named snapshots, forks."""

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from cambist.app.errors import Exit
from tests.support.processes import Running, cambist, command, serving
from tests.support.raw_session import RawSession
from tests.support.sandbox_control import ask, done
from tests.support.waiting import PATIENCE, wait_until

MANUAL = ("sandbox", "--clock", "manual", "--seed", "5", "--preset", "calm")


@contextmanager
def session(running: Running, port: int | None = None, user: int = 0) -> Iterator[RawSession]:
    with closing(RawSession(running.port if port is None else port, running.ready["users"][user]["keys"]["btce"])) as opened:
        yield opened


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for tests that leave it as it was at its start."""
    with serving(tmp_path_factory.mktemp("state"), *MANUAL) as started:
        yield started


@pytest.fixture(autouse=True)
def _at_its_start(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "running" in request.fixturenames:
        shared: Running = request.getfixturevalue("running")
        for row in done(shared, "GET", "/sandbox/snapshots")[1:]:
            done(shared, "DELETE", f"/sandbox/snapshots/{row['name']}")
        done(shared, "POST", "/sandbox/reset", {})


def test_after_a_reset_the_same_requests_get_the_same_bytes_as_after_the_start(running: Running) -> None:
    with session(running) as bot:
        first = bot.trades_on(nonce=1)
        done(running, "POST", "/sandbox/funds", {"account": "alice", "take": "all"})
        bot.signed(50, "Trade", pair="ltc_usd", type="buy", rate="30", amount="1")
        bot.control("clock", {"advance": 333})
        for _ in range(3):
            began = bot.control("reset", {})
            assert (began["seed"], began["time"]) == (5, "2020-01-01T00:00:00.000000Z")
            assert began["users"] == running.ready["users"]
            assert bot.trades_on(nonce=1) == first


def test_another_process_with_the_seed_gives_the_bytes_that_a_reset_gives(running: Running, tmp_path: Path) -> None:
    with serving(tmp_path, *MANUAL) as twin, session(twin) as there, session(running) as here:
        here.trades_on(nonce=1)
        here.control("reset", {})
        assert there.trades_on(nonce=1) == here.trades_on(nonce=1)


def test_what_follows_a_snapshot_is_the_same_each_time_it_is_restored_and_the_first_time_too(running: Running) -> None:
    with session(running) as bot:
        bot.trades_on(nonce=1)
        saved = bot.control("snapshots", {"name": "before"})
        first = bot.trades_on(nonce=100)
        for _ in range(2):
            assert bot.control("snapshots/before/restore", {}).items() >= saved.items()  # and who is there then
            assert bot.trades_on(nonce=100) == first


def test_a_fork_and_its_parent_and_another_fork_go_on_alike_under_the_same_requests(running: Running) -> None:
    with session(running) as bot:
        bot.trades_on(nonce=1)
        forks = [done(running, "POST", "/sandbox/forks", {}) for _ in range(2)]
        assert [fork["users"] for fork in forks] == [running.ready["users"]] * 2
        assert done(running, "GET", "/sandbox/forks") == [{"url": fork["url"], "pid": fork["pid"]} for fork in forks]
        expected = bot.trades_on(nonce=100)
        for fork in forks:
            with session(running, port=int(fork["url"].rpartition(":")[2])) as other:
                assert other.trades_on(nonce=100) == expected
        for fork in forks:
            assert done(running, "DELETE", f"/sandbox/forks/{fork['pid']}")["pid"] == fork["pid"]
        assert done(running, "GET", "/sandbox/forks") == []
        with pytest.raises(OSError):  # noqa: PT011 - the system's own
            urllib.request.urlopen(forks[0]["url"], timeout=PATIENCE)


def test_a_fork_of_a_fork_ends_with_the_sandbox_that_it_comes_from(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "manual") as parent:
        child = done(parent, "POST", "/sandbox/forks", {})
        inner = Running(parent.process, child, parent.log)
        grandchild = done(inner, "POST", "/sandbox/forks", {})
        assert done(Running(parent.process, grandchild, parent.log), "GET", "/sandbox/clock")["mode"] == "manual"
    for forked in (child, grandchild):
        wait_until(lambda forked=forked: ended(forked["pid"]))  # type: ignore[misc]


def ended(pid: int) -> bool:
    """Whether no such process runs any more; one that nobody has waited for does not."""
    states = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, timeout=PATIENCE).stdout.strip()
    return not states or states.startswith("Z")


def test_what_only_memory_holds_is_restored_too(running: Running) -> None:
    """Nonces and money."""
    with session(running) as bot:
        bot.signed(10, "getInfo")
        bot.control("snapshots", {"name": "ten"})
        assert bot.signed(11, "getInfo")["success"] == 1
        assert bot.signed(11, "getInfo")["success"] == 0
        done(running, "POST", "/sandbox/funds", {"account": "alice", "give": "USD=5"})
        bot.control("snapshots/ten/restore", {})
        assert bot.signed(10, "getInfo")["success"] == 0
        funds = bot.signed(11, "getInfo")["return"]["funds"]
        assert funds["usd"] == 1_000_000


def test_a_deposit_on_its_way_arrives_in_each_restored_state(running: Running) -> None:
    deposited = done(running, "POST", "/sandbox/deposits", {"account": "bob", "asset": "BTC", "amount": "3"})
    assert deposited["confirmations"] == 0
    done(running, "POST", "/sandbox/snapshots", {"name": "seen"})
    for _ in range(2):
        rows = {row["asset"]: row["available"] for row in done(running, "GET", "/sandbox/funds/bob")["funds"]}
        assert rows["BTC"] == "100"
        done(running, "POST", "/sandbox/clock", {"advance": 120})
        rows = {row["asset"]: row["available"] for row in done(running, "GET", "/sandbox/funds/bob")["funds"]}
        assert rows["BTC"] == "103"
        done(running, "POST", "/sandbox/snapshots/seen/restore", {})


def test_another_seed_makes_the_sandbox_that_a_start_with_it_makes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        serving(tmp_path / "a", *MANUAL) as one,
        serving(tmp_path / "b", "sandbox", "--clock", "manual", "--seed", "6") as other,
        session(one) as bot,
        session(other) as there,
    ):
        bot.trades_on(nonce=1)
        done(one, "POST", "/sandbox/snapshots", {"name": "five"})
        began = bot.control("reset", {"seed": 6})
        assert began["users"] == other.ready["users"]
        bot.keys = began["users"][0]["keys"]["btce"]
        expected = there.trades_on(nonce=1)
        assert bot.trades_on(nonce=1) == expected
        assert bot.control("reset", {})["seed"] == 6
        assert bot.trades_on(nonce=1) == expected
        assert bot.control("snapshots/five/restore", {})["seed"] == 5
        bot.keys = one.ready["users"][0]["keys"]["btce"]
        assert bot.signed(100, "getInfo")["success"] == 1


def test_a_kept_sandbox_has_its_snapshots_after_a_restart_and_verifies(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, *MANUAL, "--data", data) as running, session(running) as bot:
        bot.trades_on(nonce=1)
        bot.control("snapshots", {"name": "traded"})
        expected = bot.trades_on(nonce=100)
        bot.control("snapshots/traded/restore", {})
        bot.signed(99, "Trade", pair="btc_usd", type="buy", rate="1000", amount="1")
    assert "All is well" in cambist("verify", "--data", data).stdout
    with serving(tmp_path, "sandbox", "--clock", "manual", "--data", data) as running, session(running) as bot:
        assert [row["name"] for row in done(running, "GET", "/sandbox/snapshots")] == ["start", "traded"]
        bot.control("snapshots/traded/restore", {})
        assert bot.trades_on(nonce=100) == expected
    assert cambist("doctor", "--data", data).returncode in (Exit.OK, Exit.REFUSED)
    assert "All is well" in cambist("verify", "--data", data).stdout


def test_a_killed_sandbox_that_was_restored_reopens_where_it_was(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, *MANUAL, "--data", data) as running:
        with session(running) as bot:
            bot.control("snapshots", {"name": "early"})
            bot.trades_on(nonce=1)
            bot.control("snapshots/early/restore", {})
            placed = bot.signed(1, "Trade", pair="btc_usd", type="buy", rate="1000", amount="0.2")["return"]["order_id"]
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(PATIENCE)
    with serving(tmp_path, "sandbox", "--clock", "manual", "--data", data) as running, session(running) as bot:
        assert list(bot.signed(2, "ActiveOrders")["return"]) == [str(placed)]


def test_a_new_sandbox_goes_on_from_a_snapshot_of_another(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, *MANUAL, "--data", data) as running, session(running) as bot:
        bot.trades_on(nonce=1)
        bot.control("snapshots", {"name": "here"})
        expected = bot.trades_on(nonce=100)
    snapshot = data / "named-snapshots" / "here"
    (tmp_path / "second").mkdir()
    with serving(tmp_path / "second", "sandbox", "--snapshot", snapshot) as second, session(second) as bot:
        assert second.ready["users"] == running.ready["users"]
        assert bot.trades_on(nonce=100) == expected
        assert bot.control("reset", {})["time"] == "2020-01-01T00:00:30.000000Z"
        assert bot.trades_on(nonce=100) == expected
    assert cambist("sandbox", "--snapshot", tmp_path / "second", "--port", "0").returncode == Exit.NOT_A_VENUE
    assert cambist("sandbox", "--snapshot", snapshot, "--seed", "3", "--port", "0").returncode == Exit.USAGE
    assert cambist("sandbox", "--snapshot", snapshot, "--data", data, "--port", "0").returncode == Exit.NOT_A_VENUE


def test_one_whose_snapshot_is_not_written_to_its_end_does_not_start(tmp_path: Path) -> None:
    line = command("sandbox", "--snapshot", tmp_path / "state", "--await-snapshot")
    alone = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE)
    assert (alone.returncode, "--attached" in alone.stderr) == (Exit.USAGE, True)
    left = subprocess.run([*line, "--attached"], input="", capture_output=True, text=True, timeout=PATIENCE)
    assert (left.returncode, "before the snapshot was there" in left.stderr) == (Exit.USAGE, True)


def drained(socket: ClientConnection) -> None:
    """Reads until there is nothing more. ConnectionClosed."""
    while True:
        socket.recv(timeout=PATIENCE)


def test_sockets_are_closed_as_a_restart_does_and_a_new_one_sees_the_restored_market(running: Running) -> None:
    url = f"ws://127.0.0.1:{running.port}/ws"
    with connect(url) as socket:
        done(running, "POST", "/sandbox/reset", {})
        with pytest.raises(ConnectionClosed) as closed:
            drained(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    with connect(url) as again:
        again.ping().wait(PATIENCE)


def test_a_sandbox_whose_clock_moves_by_itself_is_reset_while_it_trades(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--clock", "x60", "--seed", "5") as running, session(running) as bot:
        for _ in range(3):
            before = running.metric("cambist_applied_seq")
            wait_until(lambda before=before: running.metric("cambist_applied_seq") > before + 50)  # type: ignore[misc]
            began = bot.control("reset", {})
            assert bot.signed(1, "getInfo")["success"] == 1
        done(running, "POST", "/sandbox/snapshots", {"name": "later"})
        restored = done(running, "POST", "/sandbox/snapshots/later/restore", {})
        assert restored["micros"] > began["micros"]
        forked = done(running, "POST", "/sandbox/forks", {})
        with urllib.request.urlopen(f"{forked['url']}/sandbox/clock", timeout=PATIENCE) as answer:
            assert json.load(answer)["mode"] == "x60"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "snapshots", {"name": "a/b"}, 400, "is no name"),
        ("POST", "snapshots", {"name": ".."}, 400, "is no name"),
        ("POST", "snapshots", {"name": ""}, 400, "is no name"),
        ("POST", "snapshots", {"name": "x" * 65}, 400, "is no name"),
        ("POST", "snapshots", {"name": "late\n"}, 400, "is no name"),
        ("POST", "snapshots", {"name": "start"}, 409, "choose another name"),
        ("POST", "snapshots", {}, 400, "name"),
        ("POST", "snapshots/nothing/restore", {}, 404, "there is no snapshot nothing"),
        ("POST", "snapshots/..%2F..%2Fetc/restore", {}, 400, "is no name"),
        ("DELETE", "snapshots/nothing", {}, 404, "there is no snapshot nothing"),
        ("DELETE", "snapshots/start", {}, 409, "the start cannot be removed"),
        ("POST", "reset", {"seed": "one"}, 400, "int"),
        ("POST", "reset", {"seed": 1 << 63}, 400, "a seed is a whole number from -9223372036854775808 to 9223372036854775807"),
        ("POST", "reset", {"seed": -(1 << 80)}, 400, "a seed is a whole number"),
        ("POST", "reset", {"sead": 1}, 400, "sead"),
        ("POST", "forks", {"port": 70000}, 400, "port: 0 to 65535"),
        ("POST", "forks", {"port": -1}, 400, "port: 0 to 65535"),
        ("DELETE", "forks/1", {}, 404, "there is no fork 1"),
        ("DELETE", "forks/one", {}, 400, "int"),
    ],
)
def test_a_state_that_there_is_not_is_refused(running: Running, method: str, path: str, body: Any, status: int, words: str) -> None:
    before = done(running, "GET", "/sandbox/snapshots")
    answered, said = ask(running, method, f"/sandbox/{path}", body)
    assert (answered, words in said["error"]) == (status, True), said
    assert done(running, "GET", "/sandbox/snapshots") == before


def test_a_fork_on_a_port_that_is_taken_says_so(running: Running) -> None:
    status, said = ask(running, "POST", "/sandbox/forks", {"port": running.port})
    assert (status, "port" in said["error"]) == (409, True), said


def tapi_status(bot: RawSession) -> int:
    """Of a call that nobody has signed."""
    bot.send("POST", "/tapi")
    return bot.answers[-1][0]


def test_an_armed_fault_is_in_a_fork_and_in_a_restored_snapshot_with_what_it_has_met(running: Running) -> None:
    with session(running) as bot:
        plan = {"kind": "server-error", "status": 503, "dialect": "btce_wex", "path": "/tapi", "every": 2, "count": 2}
        armed = bot.control("faults", plan)
        assert tapi_status(bot) == 200
        done(running, "POST", "/sandbox/snapshots", {"name": "armed"})
        fork = done(running, "POST", "/sandbox/forks", {})

        expected = [tapi_status(bot) for _ in range(4)]
        assert expected == [503, 200, 503, 200]
        with session(running, port=int(fork["url"].rpartition(":")[2])) as other:
            assert [tapi_status(other) for _ in range(4)] == expected
        bot.control("snapshots/armed/restore", {})
        assert [fault["id"] for fault in done(running, "GET", "/sandbox/faults")["armed"]] == [armed["id"]]
        assert [tapi_status(bot) for _ in range(4)] == expected
        bot.control("reset", {})
        assert done(running, "GET", "/sandbox/faults")["armed"] == []
