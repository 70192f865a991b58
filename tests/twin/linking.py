"""Linked groups: which markets belong together, and at what rates."""

from tests.twin.column import Column, first_rejection
from tests.twin.commands import CreateLinkedGroup, LinkMarket, SetConversionRates, SetLinkedGroupTerms, UnlinkMarket
from tests.twin.events import ConversionRateSet, LinkedGroupCreated, LinkedGroupTermsSet, MarketLinked, MarketUnlinked, Outcome
from tests.twin.state import Group, Market, Rate, State
from tests.twin.words import MAX_GROUPS, MAX_LINKED_MARKETS, MAX_RATE, PPM, Code


def create_linked_group(state: State, command: CreateLinkedGroup) -> Outcome:
    code = first_rejection(_group_rejections(state, command))
    if code:
        return Outcome(code)
    number = len(state.groups)
    state.groups.append(Group(command.base, command.anchor, command.fee_ppm, command.max_age))
    state.emit(LinkedGroupCreated(number, command.base, command.anchor, command.fee_ppm, command.max_age))
    return Outcome(id=number)


def _group_rejections(state: State, command: CreateLinkedGroup) -> Column:
    yield command.base >= len(state.assets), Code.ASSET_NOT_FOUND
    yield command.anchor >= len(state.assets), Code.ASSET_NOT_FOUND
    yield command.base == command.anchor, Code.LINK_INVALID
    yield command.fee_ppm > PPM, Code.FEE_INVALID
    yield len(state.groups) >= MAX_GROUPS, Code.LINK_INVALID


def link_market(state: State, command: LinkMarket) -> Outcome:
    code = first_rejection(_link_rejections(state, command))
    if code:
        return Outcome(code)
    state.groups[command.group].markets.append(command.market)
    state.emit(MarketLinked(command.group, command.market))
    return Outcome()


def _link_rejections(state: State, command: LinkMarket) -> Column:
    yield command.group >= len(state.groups), Code.GROUP_NOT_FOUND
    yield command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    yield state.group_of(command.market) is not None, Code.MARKET_LINKED
    group, market = state.groups[command.group], state.markets[command.market]
    yield market.base != group.base, Code.LINK_INVALID
    for other in (state.markets[number] for number in group.markets):
        yield other.amount_scale != market.amount_scale, Code.LINK_INVALID
        yield abs(other.price_scale - market.price_scale) > 12, Code.LINK_INVALID
        yield abs(_scale(state, other) - _scale(state, market)) > 12, Code.LINK_INVALID
    yield len(group.markets) >= MAX_LINKED_MARKETS, Code.LINK_INVALID


def _scale(state: State, market: Market) -> int:
    return state.assets[market.quote].scale


def unlink_market(state: State, command: UnlinkMarket) -> Outcome:
    if command.market >= len(state.markets):
        return Outcome(Code.MARKET_NOT_FOUND)
    group = state.group_of(command.market)
    if group is None:
        return Outcome(Code.MARKET_NOT_LINKED)
    state.groups[group].markets.remove(command.market)
    state.emit(MarketUnlinked(group, command.market))
    return Outcome()


def set_linked_group_terms(state: State, command: SetLinkedGroupTerms) -> Outcome:
    if command.group >= len(state.groups):
        return Outcome(Code.GROUP_NOT_FOUND)
    if command.fee_ppm > PPM:
        return Outcome(Code.FEE_INVALID)
    group = state.groups[command.group]
    group.fee_ppm, group.max_age = command.fee_ppm, command.max_age
    state.emit(LinkedGroupTermsSet(command.group, command.fee_ppm, command.max_age))
    return Outcome()


def set_conversion_rates(state: State, command: SetConversionRates) -> Outcome:
    code = first_rejection(_rate_rejections(state, command))
    if code:
        return Outcome(code)
    for asset, rate in command.rates:
        if rate:
            state.groups[command.group].rates[asset] = Rate(rate, command.time)
        else:
            state.groups[command.group].rates.pop(asset, None)
        state.emit(ConversionRateSet(command.group, asset, rate))
    return Outcome()


def _rate_rejections(state: State, command: SetConversionRates) -> Column:
    yield command.group >= len(state.groups), Code.GROUP_NOT_FOUND
    group = state.groups[command.group]
    previous = -1
    for asset, rate in command.rates:
        yield asset >= len(state.assets), Code.ASSET_NOT_FOUND
        yield asset in (group.anchor, group.base), Code.RATE_INVALID
        yield asset <= previous, Code.RATE_INVALID
        yield rate > MAX_RATE, Code.RATE_INVALID
        previous = asset
