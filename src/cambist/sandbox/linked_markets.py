"""The linked markets of a sandbox: which they are, and how they are linked and parted."""

from cambist import _core
from cambist.domain.units import AccountId
from cambist.operations.linked_markets import LinkMarkets, UnlinkMarket, link_markets, unlink_market
from cambist.operations.market_names import name_of_market
from cambist.operations.operation import OperatorCall
from cambist.operations.rejections import Rejected
from cambist.sandbox.presets import TraderNumbers
from cambist.sandbox.traders import account_names

BASE = "BTC"
QUOTES = ("USD", "EUR", "JPY", "GBP", "AUD", "CAD", "CHF", "PLN", "SEK", "RUB")
"""What the coin is linked over, as far as there are such markets; the first one is the anchor."""
FEE_PPM = 2_500
"""What a conversion costs."""
APART = 6
"""By how many decimals a market may differ from the first one: half of what the core allows any two."""
CONVERSION_ACCOUNT = AccountId(_core.CONVERSION)


def fit_to_link(numbers: TraderNumbers) -> bool:
    """Whether these traders and linked markets get along: somebody makes a market, and nobody is to crash one.

    Without traders nothing moves but what the user moves, so a book is his alone. A crash is one market's; the others' makers, who do not
    draw back, would take what is sold there and end it.
    """
    return bool(account_names(numbers)) and not numbers.crashes_per_hour


def linkable(call: OperatorCall) -> list[_core.MarketSpec]:
    """The markets that a sandbox links: of those whose decimals fit together; none when there are not two of them or no anchor."""
    assets = call.context.view.assets()
    codes = {asset.code: asset.id for asset in assets}
    quotes = {codes[code] for code in QUOTES if code in codes}
    markets = [market for market in call.context.view.markets() if market.base == codes.get(BASE) and market.quote in quotes]

    def fits(market: _core.MarketSpec) -> bool:
        first = markets[0]
        near = abs(market.price_scale - first.price_scale) <= APART and abs(assets[market.quote].scale - assets[first.quote].scale) <= APART
        return near and market.amount_scale == first.amount_scale

    fitting = [market for market in markets if fits(market)]
    return fitting if len(fitting) > 1 and QUOTES[0] in codes else []


async def link(call: OperatorCall) -> Rejected | None:
    """Links the coin's markets. What was linked already stays so; the group's terms are the sandbox's only where it makes the group."""
    markets = linkable(call)
    if not markets:
        return None
    names = [name_of_market(call.context.catalogue, market) for market in markets]
    known = any(group.base == markets[0].base for group in call.context.view.linked_groups())
    linked = await link_markets(call, LinkMarkets(names) if known else LinkMarkets(names, QUOTES[0], FEE_PPM))
    return linked if isinstance(linked, Rejected) else None


async def part(call: OperatorCall) -> Rejected | None:
    """Makes separate books of them again; orders stay where they are."""
    for market in linkable(call):
        if call.context.view.linked_group_of(market.id) is None:
            continue
        parted = await unlink_market(call, UnlinkMarket(name_of_market(call.context.catalogue, market)))
        if isinstance(parted, Rejected):
            return parted
    return None
