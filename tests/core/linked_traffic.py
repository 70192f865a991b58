"""Commands for the property tests of linked markets: those of `tests.core.traffic`, and rates that change between them."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.core.traffic import KINDS, RATES, USERS, Call, Traffic, limits
from tests.twin.words import CONVERSION, MAX_RATE, PPM, RATE_ONE, U64_MAX, WORLD

GEM, USD, EUR, JPY = 0, 1, 2, 3
QUOTES = (USD, EUR, JPY)
MARKETS = (0, 1, 2)
"""GEM in each of the quotes, in this order."""


def furniture(number: int) -> list[Call]:
    """Four assets, three linked markets of one base, four users and a conversion account with more or less money."""
    chance = Random(number)
    assets = (("GEM", 3, 2), ("USD", 6, 2), ("EUR", 4, 2), ("JPY", 2, 0))
    calls: list[Call] = [("create_asset", {"code": code, "scale": scale, "display_scale": display}) for code, scale, display in assets]
    for quote, price_scale in zip(QUOTES, (2, 1, 0), strict=True):
        scales = {"base": GEM, "quote": quote, "price_scale": price_scale, "amount_scale": 1}
        deep = {"max_amount": U64_MAX} if quote == JPY else {}
        fees = {"maker_ppm": chance.choice(RATES), "taker_ppm": chance.choice(RATES)}
        calls.append(("create_market", {**scales, "self_trade": chance.randrange(5), **limits(chance), **fees, **deep}))
    calls += [("open_account", {}) for _ in USERS]
    for owner in (*USERS, CONVERSION):
        for asset in (GEM, *QUOTES):
            poor = [0, 1, 50, 3_000] if owner == CONVERSION else [20_000, 2_000]
            if purse := chance.choice([10**9, 2**90, 2**90, 2**90, *poor]):
                fields = {"transfer_id": 1 + owner * 10 + asset, "source": WORLD, "destination": owner, "asset": asset, "amount": purse}
                calls.append(("transfer", {**fields, "kind": 1, "pending": 0}))
    group = {
        "base": GEM,
        "anchor": chance.choice([USD, USD, EUR]),
        "fee_ppm": chance.choice([0, 2_500, PPM]),
        "max_age": chance.choice([0, 8]),
    }
    calls.append(("create_linked_group", group))
    calls += [("link_market", {"group": 0, "market": market}) for market in MARKETS]
    rates = [(asset, rate(chance, asset)) for asset in QUOTES if asset != group["anchor"]]
    return [*calls, ("set_conversion_rates", {"group": 0, "rates": rates})]


SCALE = {USD: 100, EUR: 10, JPY: 1}


def rate(chance: Random, asset: int) -> int:
    """Such that equal prices in units of two markets are about the same."""
    near = RATE_ONE * SCALE[asset] // SCALE[USD] if asset in SCALE else RATE_ONE
    return chance.choice([near, near * 3 // 2, near * 2, near // 2, near + chance.randrange(-near // 3, near // 3)])


class LinkedTraffic(Traffic):
    def kinds(self) -> Sequence[tuple[int, Callable[[Any], Call]]]:
        return LINKED_KINDS

    def market(self) -> int:
        return self.pick([0, 0, 1, 1, 2], [3, 0xFFFF])

    def group(self) -> int:
        return self.pick([0], [1, 0xFFFF])

    def conversion_rates(self) -> Call:
        known = self.state.groups[0]
        assets = [asset for asset in QUOTES if asset != known.anchor]
        chosen = self.pick([assets, assets[:1], assets[1:]], [[], list(reversed(assets)), [GEM], [known.anchor], [9]])
        rates = [(asset, self.pick([rate(self.chance, asset)] * 8, [0, 1, MAX_RATE, MAX_RATE + 1])) for asset in chosen]
        return "set_conversion_rates", {"group": self.group(), "rates": rates}

    def group_terms(self) -> Call:
        terms = {"fee_ppm": self.pick([0, 1, 2_500, 500_000], [PPM, PPM + 1]), "max_age": self.pick([0, 5, 20], [U64_MAX])}
        return "set_linked_group_terms", {"group": self.group(), **terms}

    def link(self) -> Call:
        """A market that left comes back soon."""
        missing = [market for market in MARKETS if self.state.group_of(market) is None]
        return "link_market", {"group": self.group(), "market": self.pick(missing or [0], [3, 0xFFFF])}

    def unlink(self) -> Call:
        if any(self.state.group_of(market) is None for market in MARKETS) and not self.one_in(3):
            return self.link()
        return "unlink_market", {"market": self.market()}

    def another_group(self) -> Call:
        fields = {"base": self.pick([GEM, USD], [9]), "anchor": self.pick([USD, GEM], [9])}
        return "create_linked_group", {**fields, "fee_ppm": self.pick([0], [PPM + 1]), "max_age": 0}

    def funding(self) -> Call:
        """Of the conversion account, or out of it."""
        asset = self.pick(QUOTES)
        there = self.state.available(CONVERSION, asset)
        amount = self.pick([5, 700, 10**6])
        ends = {"source": WORLD, "destination": CONVERSION} if there < 1_000 else {"source": CONVERSION, "destination": WORLD}
        if ends["source"] == CONVERSION:
            amount = self.pick([there, there - 40, there // 2])
        fields = {
            "transfer_id": 2**80 + len(self.state.used_transfer_ids),
            "asset": asset,
            "kind": 6,
            "pending": 0,
            "amount": max(1, amount),
        }
        return "transfer", {**ends, **fields}


LINKED_KINDS: tuple[tuple[int, Callable[[LinkedTraffic], Call]], ...] = (
    *KINDS,
    (160, LinkedTraffic.conversion_rates),
    (20, LinkedTraffic.group_terms),
    (6, LinkedTraffic.unlink),
    (30, LinkedTraffic.link),
    (2, LinkedTraffic.another_group),
    (40, LinkedTraffic.funding),
)
