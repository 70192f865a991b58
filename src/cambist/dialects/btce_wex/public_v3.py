"""Public API v3: `/api/3/<method>/<pairs>`; many pairs at once, each under its name in the answer."""

from collections.abc import Awaitable, Callable

from cambist import _core
from cambist.dialect_kit.market_texts import Parts
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.market_views import MarketViews, fee_percent
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.parse import form_fields, path_parts, whole_number

DEFAULT_LIMIT = 150
MAX_LIMIT = 5000

MAX_KEPT = 256
MAX_KEPT_TARGET = 128
"""Whole replies kept at once, and how long a path with its query may be to be kept: strangers choose both."""

MAX_JOINED = 16_384
"""Replies up to this size are kept in one piece; longer ones consist of texts that are kept elsewhere."""

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
        self._kept: dict[tuple[str, bytes], tuple[int, State, Reply]] = {}
        self._short: dict[str, Callable[[Pair], str]] = {
            "ticker": lambda pair: f"{{{views.ticker(pair)[0]}}}",
            "fee": lambda pair: fee_percent(pair.spec()),
        }
        self._long: dict[str, Callable[[Pair, int], Awaitable[Parts]]] = {"depth": views.depth, "trades": views.trades}

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        # Many ask the same of the same market, again and again: as long as nothing moved they get the same reply.
        target = (request.path, request.query)
        kept = self._kept.get(target)
        if kept is not None and kept[1] == self._state(kept[0]):
            return kept[2]
        return self._answer(request, target)

    def _state(self, market: int) -> State:
        return self._catalogue.version, self._data.version(market), self._context.now()

    def _keep(self, target: tuple[str, bytes], market: int, state: State, reply: Reply) -> None:
        if len(target[0]) + len(target[1]) <= MAX_KEPT_TARGET:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[target] = market, state, reply

    def _answer(self, request: Request, target: tuple[str, bytes]) -> Reply | Awaitable[Reply]:
        # After "api" and "3"; what follows the pairs is not looked at.
        parts = path_parts(request.path)[2:]
        name = parts[0] if parts else ""
        if name == "info":
            return Reply(body=self._info().encode())
        short, long = self._short.get(name), self._long.get(name)
        if short is None and long is None:
            return Reply(body=error_body(errors.PUBLIC_METHOD_INVALID))
        query = form_fields(request.query) if request.query else {}
        pairs = self._pairs(parts[1] if len(parts) > 1 else "", query.get("ignore_invalid") == "1")
        if isinstance(pairs, str):
            return Reply(body=error_body(pairs))
        if long is not None:
            return self._long_reply(target, pairs, long, limit_of(query.get("limit")))
        assert short is not None
        state = self._state(pairs[0].market)  # before the clock can move on
        reply = Reply(body=("{" + ",".join([f'"{pair.name}":{short(pair)}' for pair in pairs]) + "}").encode())
        if len(pairs) == 1:
            self._keep(target, pairs[0].market, state, reply)
        return reply

    async def _long_reply(
        self, target: tuple[str, bytes], pairs: list[Pair], write: Callable[[Pair, int], Awaitable[Parts]], limit: int
    ) -> Reply:
        state = self._state(pairs[0].market)  # before the market can move on
        pieces: list[bytes] = []
        for pair in pairs:
            pieces += (f'{"," if pieces else "{"}"{pair.name}":'.encode(), *await write(pair, limit))
        pieces.append(b"}")
        size = sum(map(len, pieces))
        reply = Reply(body=b"".join(pieces)) if size <= MAX_JOINED else Reply(parts=tuple(pieces))
        if len(pairs) == 1 and size <= MAX_JOINED:
            self._keep(target, pairs[0].market, state, reply)
        return reply

    def _pairs(self, names: str, ignore_invalid: bool) -> list[Pair] | str:
        """The open markets that `btc_usd-ltc_btc` names, or the error's text. Empty names (doubled dashes) are passed over."""
        found: dict[str, Pair] = {}
        for name in names.split("-"):
            if not name:
                continue
            pair = self._context.pairs.find(name)
            if pair is None or not pair.open:
                if ignore_invalid:
                    continue
                return errors.invalid_pair(name)
            if name in found:
                return errors.duplicated_pair(name)
            found[name] = pair
        return list(found.values()) or errors.PAIR_LIST_EMPTY

    def _info(self) -> str:
        """Every open market with its limits; a halted one is missing. `server_time` comes first and the pairs last."""
        pairs = [(pair, pair.spec()) for pair in self._context.pairs.all() if pair.open]
        return f'{{"server_time":{self._context.now()},"pairs":{{' + ",".join([_pair_info(*pair) for pair in pairs]) + "}}"


def _pair_info(pair: Pair, spec: _core.MarketSpec) -> str:
    return (
        f'"{pair.name}":{{"decimal_places":{pair.price_scale},"min_price":{pair.price_text(spec.min_price)},'
        f'"max_price":{pair.price_text(spec.max_price)},"min_amount":{pair.amount_text(spec.min_amount)},"hidden":0,"fee":{fee_percent(spec)}}}'
    )
