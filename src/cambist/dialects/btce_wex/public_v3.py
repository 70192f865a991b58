"""Public API v3: `/api/3/<method>/<pairs>`; many pairs at once, each under its name in the answer."""

import asyncio
from collections.abc import Awaitable, Callable

from cambist import _core
from cambist.dialect_kit.market_texts import Parts
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.market_views import MarketViews, fee_percent, reply_of
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.parse import MAX_PATH, form_fields, path_parts, whole_number
from cambist.domain.units import MarketId

DEFAULT_LIMIT = 150
MAX_LIMIT = 5000

MAX_NAMES = 256
"""Names of pairs that one request may have; there is no reason to look further at what a stranger made up."""
PAIRS_IN_A_TICK = 4

MAX_KEPT = 256
MAX_KEPT_TARGET = 128
"""Whole short replies kept at once, and how long a path with its query may be to be kept: strangers choose both."""

State = tuple[int, int, int]
"""What the reply about one market depends on: the catalogue's version, the market's, the second."""


def limit_of(text: str | None) -> int:
    """`limit` as sent: 1..5000, larger ones cut, DEFAULT_LIMIT for what is absent or no such number."""
    number = whole_number(text) if text is not None else None
    return min(number, MAX_LIMIT) if number else DEFAULT_LIMIT


class PublicV3:
    """The handler of `/api/3`."""

    def __init__(self, context: DialectContext, views: MarketViews) -> None:
        self._context = context
        self._catalogue = context.services.catalogue
        self._data = context.services.marketdata
        self._kept: dict[tuple[str, bytes], tuple[MarketId, State, Reply]] = {}
        self._views = views
        self._methods: dict[str, Callable[[Pair, int], Awaitable[Parts]]] = {
            "ticker": self._ticker,
            "depth": views.depth,
            "trades": views.trades,
            "fee": self._fee,
        }
        self._pair_infos = -1, ""

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        # Many ask the same of the same market, again and again: as long as nothing moved they get the same reply.
        target = (request.path, request.query)
        kept = self._kept.get(target)
        if kept is not None and kept[1] == self._state(kept[0]):
            return kept[2]
        return self._answer(request, target)

    def _state(self, market: MarketId) -> State:
        return self._catalogue.version, self._data.version(market), self._context.now()

    def _keep(self, target: tuple[str, bytes], market: MarketId, state: State, reply: Reply) -> None:
        if len(target[0]) + len(target[1]) <= MAX_KEPT_TARGET:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[target] = market, state, reply

    async def _answer(self, request: Request, target: tuple[str, bytes]) -> Reply:
        if len(request.path) > MAX_PATH:
            return Reply(body=error_body(errors.TOO_MANY_PAIRS))
        # After "api" and "3"; what follows the pairs is not looked at.
        parts = path_parts(request.path)[2:]
        name = parts[0] if parts else ""
        if name == "info":
            return Reply(body=self._info().encode())
        write = self._methods.get(name)
        if write is None:
            return Reply(body=error_body(errors.PUBLIC_METHOD_INVALID))
        query = form_fields(request.query) if request.query else {}
        pairs = self._pairs(parts[1] if len(parts) > 1 else "", query.get("ignore_invalid") == "1")
        if isinstance(pairs, str):
            return Reply(body=error_body(pairs))
        state = self._state(pairs[0].market)  # before the clock can move on
        reply = reply_of(await _by_name(pairs, write, limit_of(query.get("limit"))))
        if len(pairs) == 1 and not reply.parts:
            self._keep(target, pairs[0].market, state, reply)
        return reply

    async def _ticker(self, pair: Pair, _limit: int) -> Parts:
        return (f"{{{self._views.ticker(pair)[0]}}}".encode(),)

    async def _fee(self, pair: Pair, _limit: int) -> Parts:
        return (fee_percent(pair.spec()).encode(),)

    def _pairs(self, names: str, ignore_invalid: bool) -> list[Pair] | str:
        """The markets that `btc_usd-ltc_btc` names, or the error's text. Empty names (doubled dashes) are passed over."""
        found: dict[str, Pair] = {}
        for number, name in enumerate(filter(None, names.split("-"))):
            if number == MAX_NAMES:
                return errors.TOO_MANY_PAIRS
            pair = self._context.pairs.find(name)
            if pair is None:
                if ignore_invalid:
                    continue
                return errors.invalid_pair(name)
            if name in found:
                return errors.duplicated_pair(name)
            found[name] = pair
        return list(found.values()) or errors.PAIR_LIST_EMPTY

    def _info(self) -> str:
        """Every open market with its limits; a halted one is missing. `server_time` comes first and the pairs last."""
        version, infos = self._pair_infos
        if version != self._catalogue.version:
            infos = ",".join([_pair_info(pair, pair.spec()) for pair in self._context.pairs.all() if pair.open])
            self._pair_infos = self._catalogue.version, infos
        return f'{{"server_time":{self._context.server_time()},"pairs":{{{infos}}}}}'


async def _by_name(pairs: list[Pair], write: Callable[[Pair, int], Awaitable[Parts]], limit: int) -> Parts:
    """`{"btc_usd":...,...}`. Many pairs take several ticks of the event loop, so that nobody who asks for all of them holds it up."""
    parts: list[bytes] = []
    for number, pair in enumerate(pairs):
        if number and number % PAIRS_IN_A_TICK == 0:
            await asyncio.sleep(0)
        parts.append(f'{"," if number else "{"}"{pair.name}":'.encode())
        parts += await write(pair, limit)
    parts.append(b"}")
    return tuple(parts)


def _pair_info(pair: Pair, spec: _core.MarketSpec) -> str:
    return (
        f'"{pair.name}":{{"decimal_places":{pair.price_scale},"min_price":{pair.price_text(spec.min_price)},'
        f'"max_price":{pair.price_text(spec.max_price)},"min_amount":{pair.amount_text(spec.min_amount)},"hidden":0,"fee":{fee_percent(spec)}}}'
    )
