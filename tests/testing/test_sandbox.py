"""`Sandbox`: a process for a test, from any runner; typed calls; ready clients of known libraries."""

import asyncio
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cambist.testing import ControlError, Sandbox, SandboxFailed, Until
from tests.support.installed import variables
from tests.support.processes import serving
from tests.support.waiting import PATIENCE, wait_until
from tests.tidy.test_tidy import ROOT

START = datetime(2020, 1, 1, tzinfo=UTC)


def gone(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE)
    except OSError:
        return True
    return False


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=7, preset="quiet", clock="manual", users=["dora", "emil"], fund="BTC=3,USD=1000") as running:
        yield running


def test_it_is_as_its_arguments_say(sandbox: Sandbox) -> None:
    assert sandbox.seed == 7
    assert list(sandbox.users) == ["dora", "emil"]
    funds = {row.asset: row.available for row in sandbox.control.funds("dora").funds}
    assert (funds["BTC"], funds["USD"]) == ("3", "1000")
    assert sandbox.describe() == "cambist sandbox --seed 7 --preset quiet --clock manual --users dora,emil --fund BTC=3,USD=1000"


def test_the_same_seed_makes_the_same_keys_and_credentials_are_found_by_name(sandbox: Sandbox) -> None:
    with Sandbox(seed=7, preset="quiet", clock="manual", users=["dora", "emil"], fund="BTC=3,USD=1000") as again:
        assert again.users == sandbox.users
    assert set(sandbox.credentials("emil", "btse")) == {"key", "secret"}
    with pytest.raises(KeyError, match="there is no user alice: dora, emil"):
        sandbox.credentials("alice", "btse")
    with pytest.raises(KeyError, match="there are no keys for kraken: btce, wex"):
        sandbox.credentials("dora", "kraken")


def test_the_clock_is_moved_in_a_test_s_words(sandbox: Sandbox) -> None:
    began = sandbox.clock.now
    assert began >= START
    sandbox.clock.advance(90)
    assert (sandbox.clock.now - began).total_seconds() == 90
    assert sandbox.clock.run_until("2020-01-03T00:00:00Z") is True
    assert sandbox.clock.now == datetime(2020, 1, 3, tzinfo=UTC)
    assert sandbox.clock.run_until(market="btc_usd", price_at_least="1", within=60) is False, "nobody trades"
    before = sandbox.clock.micros
    assert sandbox.clock.step(2).micros > before
    with pytest.raises(ControlError, match="0 to"):
        sandbox.clock.advance(-1)


async def test_the_same_for_asyncio(sandbox: Sandbox) -> None:
    clock = sandbox.async_clock
    began = await clock.now()
    await clock.advance(1.5)
    assert (await clock.now() - began).total_seconds() == 1.5
    assert await clock.run_until(market="btc_usd", price_at_most="1", within=10) is False
    before = await clock.micros()
    assert (await clock.step()).micros > before
    state = await sandbox.async_control.move_clock(run_until=Until(time=before / 1e6))
    assert state.met is True


async def test_as_an_asynchronous_context_manager_several_start_at_a_time() -> None:
    async with Sandbox(preset="quiet") as first, Sandbox(preset="quiet") as second:
        states = await asyncio.gather(first.async_control.clock(), second.async_control.clock())
    assert first.url != second.url
    assert [state.mode for state in states] == ["real", "real"]


def test_the_end_of_the_context_is_the_end_of_the_process() -> None:
    with Sandbox(preset="quiet") as running:
        assert running.control.clock().mode == "real"
    with pytest.raises(ControlError, match="no sandbox answers"):
        running.control.clock()


def test_a_sandbox_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    code = """
        import os
        from cambist.testing import Sandbox
        print(Sandbox(preset="quiet").start().url, flush=True)
        os._exit(9)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path)
    url = ran.stdout.strip()
    assert url.startswith("http://"), ran.stderr
    wait_until(lambda: gone(url))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"preset": "stormy"}, 'there is no preset "stormy"'),
        ({"clock": "slow"}, '--clock "slow"'),
        ({"users": ["x"]}, "a name has 2 to 32 characters"),
        ({"config": "nowhere.toml"}, "there is no such configuration file"),
        ({"options": ["--fly"]}, "No such option: --fly"),
    ],
)
def test_what_keeps_it_from_starting_is_in_the_error(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(SandboxFailed) as failed:
        Sandbox(**arguments).start()  # type: ignore[arg-type]
    assert words in str(failed.value)


def test_it_is_started_once(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFailed, match="started already"):
        sandbox.start()
    assert sandbox.clock.micros


def test_modules_beside_a_test_do_not_get_into_the_sandbox_s_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asyncio.py").write_text("raise ImportError('this is not asyncio')")
    monkeypatch.chdir(tmp_path)
    with Sandbox(preset="quiet") as running:
        assert running.clock.micros


def test_places_of_pythonpath_are_those_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", "src")
    with Sandbox(preset="quiet") as running:
        assert running.control.clock().mode == "real"


def test_one_that_runs_is_found_and_left_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(SandboxFailed, match="none does"):
        Sandbox.connect()
    with serving(tmp_path, "sandbox", "--quiet", "--seed", "9") as running:
        connected = Sandbox.connect()
        assert (connected.url, connected.seed, list(connected.users)) == (running.url, 9, ["alice", "bob", "carol"])
        connected.stop()
        assert Sandbox.connect(running.url).clock.micros
        with pytest.raises(SandboxFailed, match=running.url):
            Sandbox.connect("http://127.0.0.1:1")


def test_a_sandbox_that_belongs_to_a_program_is_not_connected_to_and_the_error_says_why(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFailed, match=f"the sandbox at {sandbox.url} .* belongs to a program"):
        Sandbox.connect(sandbox.url)


async def test_it_is_put_back_to_its_start_or_to_that_of_another_seed() -> None:
    with Sandbox(seed=7, preset="quiet", clock="manual", users=["dora"], fund="BTC=3") as running:
        users = running.users
        running.control.fund("dora", give="BTC=1")
        running.clock.advance(60)
        running.reset()
        assert (running.users, running.clock.now) == (users, START)
        assert running.control.funds("dora").funds[0].available == "3"
        await running.async_reset(8)
        assert running.describe().startswith("cambist sandbox --seed 8 --preset quiet")
        assert running.users["dora"].keys != users["dora"].keys
        with Sandbox(seed=8, preset="quiet", clock="manual", users=["dora"], fund="BTC=3") as other:
            assert other.users == running.users


async def test_seed_and_users_are_those_of_the_last_reset_or_restored_snapshot_however_it_was_asked_for() -> None:
    with Sandbox(seed=7, preset="quiet", clock="manual", users=["dora"]) as running:
        seventh = running.credentials("dora", "wex")
        running.control.reset(seed=8)
        eighth = running.credentials("dora", "wex")
        assert (running.seed, eighth == seventh) == (8, False)
        await running.async_control.save("eight")
        await running.async_control.reset(seed=7)
        assert (running.seed, running.credentials("dora", "wex")) == (7, seventh)
        running.control.restore("eight")
        assert (running.seed, running.credentials("dora", "wex")) == (8, eighth)


def test_a_fork_goes_on_from_the_same_state_and_goes_its_own_way() -> None:
    with Sandbox(seed=7, preset="quiet", clock="manual", fund="BTC=3") as running:
        running.control.fund("alice", give="BTC=1")
        running.clock.advance(60)
        fork = running.fork()
        assert (fork.users, fork.clock.now) == (running.users, running.clock.now)
        running.control.fund("alice", take="BTC=2")
        assert [one.control.funds("alice").funds[0].available for one in (running, fork)] == ["2", "4"]
        fork.stop()
        with pytest.raises(ControlError, match="no sandbox answers"):
            fork.control.clock()
        other = running.fork()
    other.stop()
    wait_until(lambda: gone(other.url))


# --- libraries ----------------------------------------------------------------------------------------------------------------------------

CCXT_BTSE = """
    btse = sandbox.ccxt("btse")
    order = btse.create_limit_buy_order("BTC/USD", 0.5, 1000)
    assert [row["id"] for row in sandbox.ccxt("btse").fetch_open_orders("BTC/USD")] == [order["id"]]
    assert sandbox.ccxt("btse", user=None).fetch_order_book("BTC/USD")["bids"] == [[1000, 0.5]]
    sandbox.clock.advance(3600)
    fork = sandbox.fork().ccxt("btse")
    assert [row["id"] for row in fork.fetch_open_orders("BTC/USD")] == [order["id"]], "nonces go on in a fork"
    assert btse.cancel_order(order["id"], "BTC/USD")["status"] == "canceled", "its nonces follow the sandbox's clock"
    assert sandbox.ccxt("btse", "bob", enableRateLimit=True).enableRateLimit is True
"""
CCXT_BTSE_ASYNC = """
    import asyncio
    async def trade():
        btse = sandbox.ccxt("btse", asynchronous=True)
        try:
            return (await btse.create_limit_buy_order("BTC/USD", 0.5, 1000))["status"]
        finally:
            await btse.close()
    assert asyncio.run(trade()) == "open"
"""
CCXT_WEX = """
    wex, other = sandbox.ccxt("wex"), sandbox.ccxt("wex")
    for _ in range(3):
        order = wex.create_limit_buy_order("BTC/USD", 0.5, 1000)
        other.cancel_order(order["id"], "BTC/USD")
    assert sandbox.ccxt("wex", "bob").fetch_balance()["BTC"]["free"] > 0
"""
NO_WEX = """
    try:
        sandbox.ccxt("wex")
    except ImportError as error:
        assert "has no wex: pip install ccxt==1.18.1" in str(error), error
    else:
        raise AssertionError("there is no wex in a ccxt of today")
"""
WEXAPI = """
    alice = sandbox.wexapi()
    assert alice.get_info().open_orders == 0
    from wexapi.public import PublicApi
    assert PublicApi(alice.connection).get_ticker("btc_usd")
    assert sandbox.wexapi().get_info().open_orders == 0, "a second client goes on behind the first one's nonces"
"""
CRYPTOXLIB = """
    import asyncio
    from cryptoxlib.Pair import Pair
    async def ask():
        client = sandbox.cryptoxlib()
        try:
            return (await client.get_funds())["response"]
        finally:
            await client.close()
    assert any(row["currency"] == "BTC" for row in asyncio.run(ask()))
"""


@pytest.mark.parametrize(
    ("packages", "clock", "text"),
    [
        pytest.param("ccxt-4.5", "manual", CCXT_BTSE, id="ccxt btse"),
        pytest.param("ccxt-4.5", "real", CCXT_BTSE_ASYNC, id="ccxt btse, asynchronous"),
        pytest.param("ccxt-4.5", "real", NO_WEX, id="ccxt without wex"),
        pytest.param("ccxt-1.18", "manual", CCXT_WEX, id="ccxt wex"),
        pytest.param("wexapi", "real", WEXAPI, id="wexapi"),
        pytest.param("cryptoxlib", "real", CRYPTOXLIB, id="cryptoxlib"),
    ],
)
def test_a_library_s_client_is_ready(packages: str, clock: str, text: str, tmp_path: Path) -> None:
    body = textwrap.indent(textwrap.dedent(text), "    ")
    code = f"from cambist.testing import Sandbox\nwith Sandbox(preset='quiet', clock={clock!r}) as sandbox:\n{body}"
    environment = {"PATH": "/usr/bin:/bin", **variables(tmp_path, packages)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=2 * PATIENCE, env=environment, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("call", "package"),
    [
        (lambda sandbox: sandbox.ccxt("btse", "dora"), "ccxt"),
        (lambda sandbox: sandbox.wexapi("dora"), "wexapi"),
        (lambda sandbox: sandbox.cryptoxlib("dora"), "cryptoxlib-aio"),
    ],
    ids=["ccxt", "wexapi", "cryptoxlib"],
)
def test_a_library_that_is_not_there_is_named(call: Callable[[Sandbox], object], package: str, sandbox: Sandbox) -> None:
    with pytest.raises(ImportError, match=f"{package} is not installed in this environment: pip install {package}"):
        call(sandbox)


def test_an_exchange_that_no_sandbox_serves_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no sandbox serves ccxt's kraken, only wex, btse"):
        sandbox.ccxt("kraken", user="dora")
