"""The page for people in Chromium: how much script its first load has, when it can be used, and how it keeps up with a busy market.

The Trade page of somebody who is logged in, 1366 x 768, in a browser without a window. Orders come from 64 users at a steady rate, most of
them near the best prices, almost a half of them trading, so that book, trades, candles and ticker all change.
"""

from __future__ import annotations

import itertools
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median
from typing import Any

from benchmarks.http_rig import CONNECTIONS, SUCCESS
from benchmarks.load import BadReply
from benchmarks.orders import FUNDS, Client
from benchmarks.process import CAMBIST, Process
from benchmarks.report import AT_LEAST, AT_MOST, Row, Settings, Target
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from cambist.web.built_page import BuiltPage

GROUP = "page"
RATE = 1_000
"""Orders a second."""
SCREEN = (1366, 768)
KB = 1_024
LIVE = '[aria-label="Order book"][data-state="live"]'
USABLE = """
const seen = setInterval(() => {
  if (!document.querySelector('%s') || !document.querySelector('.ticket input:enabled')) return;
  clearInterval(seen);
  requestAnimationFrame(() => (window.usableAt = performance.now()));
}, 5);
"""
"""Notes when the book is live and the ticket can be filled in, in ms since the navigation began."""
COUNT_FRAMES = """() => {
  window.frames_drawn = [];
  const drawn = (at) => { window.frames_drawn.push(at); window.frame_request = requestAnimationFrame(drawn); };
  window.frame_request = requestAnimationFrame(drawn);
}"""


def measure(settings: Settings) -> list[Row]:
    program = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if program is None or BuiltPage.read() is None:
        raise RuntimeError("this needs chromium (apt-get install chromium) and the built page (make web)")
    users = ",".join(f"trader{number:02}" for number in range(CONNECTIONS))
    command = [str(CAMBIST), "sandbox", "--quiet", "--users", users, "--fund", FUNDS, "--data", str(settings.scratch / "page")]
    with Process(command, settings.scratch) as process, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        url = process.ready["url"]
        with closing(Trading(process)) as trading:
            with trading.at(RATE):  # a book and a tape to show
                time.sleep(3)
            rows = [*_first_load(browser, url, 2 if settings.quick else 7)]
            rows += _busy(browser, process, trading, 3.0 if settings.quick else 15.0)
        browser.close()
    return rows


# --- the first load -------------------------------------------------------------------------------------------------------------------
def _context(browser: Browser) -> BrowserContext:
    width, height = SCREEN
    return browser.new_context(viewport={"width": width, "height": height})


def _log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_role("group", name="Log in as a demo user").last.get_by_role("button").first.click()
    page.wait_for_url("**/trade/**")
    page.wait_for_selector(LIVE)


def _first_load(browser: Browser, url: str, rounds: int) -> Iterator[Row]:
    """Each time as somebody who has never been here, and holds a session."""
    sizes, times = [], []
    for _ in range(rounds):
        context = _context(browser)
        page = context.new_page()
        _log_in(page, url)
        page.close()
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        loaded = _scripts(devtools)
        page.add_init_script(USABLE % LIVE)
        page.goto(f"{url}/trade/btc_usd")
        # The page's policy lets nobody evaluate a text in it again and again, so it is asked.
        while (usable_at := page.evaluate("window.usableAt")) is None:
            page.wait_for_timeout(50)
        times.append(usable_at / 1_000)
        sizes.append(sum(loaded.values()) / KB)
        context.close()
    note = f"slowest of {rounds}: {max(times):.2f} s"
    yield Row(GROUP, "compressed script of the first load", max(sizes), "KB", Target(AT_MOST, 200.0))
    yield Row(GROUP, "book live and ticket ready, on loopback", median(times), "s", Target(AT_MOST, 1.0), note, {"seconds": times})


def _scripts(devtools: CDPSession) -> dict[str, float]:
    """Bytes that came over the wire, of each script by its request; filled while the page loads."""
    scripts: set[str] = set()
    sizes: dict[str, float] = {}

    def answered(event: dict[str, Any]) -> None:
        if event["type"] == "Script":
            scripts.add(event["requestId"])

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] in scripts:
            sizes[event["requestId"]] = event["encodedDataLength"]

    devtools.on("Network.responseReceived", answered)
    devtools.on("Network.loadingFinished", finished)
    return sizes


# --- a busy market --------------------------------------------------------------------------------------------------------------------
def _busy(browser: Browser, process: Process, trading: Trading, seconds: float) -> list[Row]:
    context = _context(browser)
    page = context.new_page()
    _log_in(page, process.ready["url"])
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable")
    with trading.at(RATE):
        time.sleep(1)
        before, used, orders = _main_thread(devtools), process.processor_seconds(), trading.sent
        page.evaluate(COUNT_FRAMES)
        page.wait_for_timeout(seconds * 1_000)
        frames = page.evaluate("() => { cancelAnimationFrame(window.frame_request); return window.frames_drawn; }")
        after, used, orders = _main_thread(devtools), process.processor_seconds() - used, trading.sent - orders
    page.wait_for_selector(LIVE)
    took = after["Timestamp"] - before["Timestamp"]
    share = {
        name: (after[name] - before[name]) / took for name in ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    }
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(frames))
    rate = orders / took
    if rate < RATE * 0.95:
        raise RuntimeError(f"only {rate:,.0f} orders a second were taken")
    detail: dict[str, Any] = {"shares": {name: round(value, 3) for name, value in share.items()}, "orders_per_second": round(rate)}
    detail |= {
        "frame_gap_ms": {"p50": round(gaps[len(gaps) // 2], 1), "p99": round(gaps[int(len(gaps) * 0.99)], 1), "max": round(gaps[-1], 1)}
    }
    slow = detail["frame_gap_ms"]["p99"]
    words = f"{rate:,.0f} orders/s; 99 of 100 frames within {slow} ms; server {used / took:.0%} of a core"
    scripts = f"script {share['ScriptDuration']:.0%}, layout and style {share['LayoutDuration'] + share['RecalcStyleDuration']:.0%}"
    context.close()
    return [
        Row(
            GROUP,
            f"frames drawn while {RATE:,} orders/s come",
            (len(frames) - 1) / ((frames[-1] - frames[0]) / 1_000),
            "/s",
            Target(AT_LEAST, 50.0),
            words,
            detail,
        ),
        Row(GROUP, "main thread busy meanwhile", share["TaskDuration"] * 100, "%", Target(AT_MOST, 50.0), scripts),
    ]


def _main_thread(devtools: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}


class Trading:
    """Users whose orders come in at a steady rate, from a thread."""

    def __init__(self, process: Process) -> None:
        host, port = process.address
        users = process.ready["users"]
        self._clients = [Client(number, user["keys"]["btce"], f"{host}:{port}") for number, user in enumerate(users)]
        self._connections = [socket.create_connection((host, port)) for _ in users]
        for connection in self._connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    @contextmanager
    def at(self, rate: int) -> Iterator[None]:
        """So many a second, until the end; then every reply has come."""
        over, failed = threading.Event(), list[BaseException]()

        def run() -> None:
            try:
                self._run(rate, over)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if failed:
            raise failed[0]

    def _run(self, rate: int, over: threading.Event) -> None:
        waiting: set[socket.socket] = set()
        began = time.perf_counter()
        for number in itertools.count():
            place = number % len(self._clients)
            connection = self._connections[place]
            if connection in waiting:
                waiting.remove(connection)
                _read(connection)
            left = began + number / rate - time.perf_counter()
            if left > 0:
                time.sleep(left)
            if over.is_set():
                break
            (request,) = self._clients[place].trades(1)
            connection.sendall(request)
            waiting.add(connection)
            self.sent += 1
        for connection in waiting:
            _read(connection)


def _read(connection: socket.socket) -> None:
    """The reply to an order, which is far shorter than what is read at once."""
    body = connection.recv(65_536).rpartition(b"\r\n\r\n")[2]
    if not body.startswith(SUCCESS):
        raise BadReply(f"a reply begins {body[:200]!r}")
