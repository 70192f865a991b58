"""Clients of known libraries that call a sandbox. A library is imported when a client of it is wanted, and not before."""

from __future__ import annotations

import http.client
import importlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cambist.testing.clocks import Clock

AnyClient = Any
"""An object of another package, which has no types that Cambist could name."""
SECOND, MILLISECOND = 1_000_000, 1_000

_CCXT: Mapping[str, tuple[str, str, int]] = {
    "wex": ("/api", "/tapi", SECOND),
    "btse": ("", "", MILLISECOND),
}
"""ccxt's name of an exchange to what follows the sandbox's address in its public and its private URL, and the unit of its nonces in µs."""


class Numbers:
    """Nonces: they follow the sandbox's clock, and rise whoever of the same key draws one."""

    def __init__(self, clock: Clock, mode: str) -> None:
        self._clock = clock
        self._real = mode == "real"
        self._last: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Begins anew: no key has used any."""
        with self._lock:
            self._last.clear()

    def go_on_from(self, other: Numbers) -> None:
        """Draws behind what the other has drawn."""
        with self._lock, other._lock:
            self._last |= other._last

    def rising(self, key: str, unit: int) -> Callable[[], int]:
        """Draws a nonce of that key, in units of so many µs."""

        def draw() -> int:
            now = (time.time_ns() // 1_000 if self._real else self._clock.micros) // unit
            with self._lock:
                drawn = self._last[key, unit] = max(self._last.get((key, unit), 0) + 1, now)
            return drawn

        return draw


def ccxt_dialect(exchange: str) -> str:
    """Whose keys that exchange of ccxt uses. ValueError for one that no sandbox serves."""
    if exchange not in _CCXT:
        raise ValueError(f"no sandbox serves ccxt's {exchange}, only {', '.join(_CCXT)}")
    return exchange


def ccxt_exchange(
    exchange: str, url: str, keys: Mapping[str, str] | None, numbers: Numbers, *, asynchronous: bool, config: Mapping[str, Any]
) -> AnyClient:
    """ImportError where ccxt is missing or has no such exchange."""
    module = _imported("ccxt.async_support" if asynchronous else "ccxt", "ccxt")
    if not hasattr(module, exchange):
        wanted = "ccxt==1.18.1" if exchange == "wex" else "a newer ccxt"
        raise ImportError(f"this ccxt ({module.__version__}) has no {exchange}: pip install {wanted}")
    public, private, unit = _CCXT[exchange]
    credentials = {} if keys is None else {"apiKey": keys["key"], "secret": keys["secret"]}
    client = getattr(module, exchange)({**credentials, "enableRateLimit": False, **config})
    client.urls["api"] = {"public": url + public, "private": url + private}
    if keys is not None:
        client.nonce = numbers.rising(keys["key"], unit)
    return client


def wexapi_trade(url: str, keys: Mapping[str, str], numbers: Numbers) -> AnyClient:
    """ImportError where wexapi is missing."""
    common, keyhandler, trade = (_imported(f"wexapi.{name}", "wexapi") for name in ("common", "keyhandler", "trade"))
    place = url.partition("://")[2]

    def set_up(self: Any) -> None:
        """A connection to the sandbox, without TLS."""
        self.conn, self.cookie = http.client.HTTPConnection(place, timeout=self._timeout), None

    connection = type("WexConnection", (common.WexConnection,), {"setup_connection": set_up})
    handler = keyhandler.KeyHandler()
    handler.add_key(keys["key"], keys["secret"], numbers.rising(keys["key"], SECOND)())
    return trade.TradeApi(keys["key"], handler, connection())


def cryptoxlib_btse(url: str, keys: Mapping[str, str]) -> AnyClient:
    """ImportError where cryptoxlib is missing."""
    client = _imported("cryptoxlib.clients.btse.BtseClient", "cryptoxlib-aio")
    sockets = _imported("cryptoxlib.clients.btse.BtseWebsocket", "cryptoxlib-aio")
    socket = type("BtseWebsocket", (sockets.BtseWebsocket,), {"WEBSOCKET_URI": f"{url.replace('http', 'ws', 1)}/spotWS"})

    def manager(self: Any, subscriptions: Any, _delay: int = 0, ssl_context: Any = None) -> Any:
        return socket(subscriptions, self.api_key, self.sec_key, ssl_context)

    members = {"REST_API_URI": f"{url}/spot/api/v3.1/", "_get_websocket_mgr": manager}
    return type("BtseClient", (client.BtseClient,), members)(keys["key"], keys["secret"])


def _imported(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise  # the library is there, and something that it needs is not: its own words say what
        raise ImportError(f"{package} is not installed in this environment: pip install {package}", name=module) from None
