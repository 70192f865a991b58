"""Set-up commands: accounts, assets, markets and their rules."""

from tests.twin.column import Column, first_rejection
from tests.twin.commands import (
    CreateAsset,
    CreateMarket,
    OpenAccount,
    SetAccountFees,
    SetMarketFees,
    SetMarketLimits,
    SetMarketStatus,
    SetMaxOpenOrders,
)
from tests.twin.events import (
    AccountFeesSet,
    AccountOpened,
    AssetCreated,
    MarketCreated,
    MarketFeesSet,
    MarketLimitsSet,
    MarketStatusSet,
    MaxOpenOrdersSet,
    Outcome,
)
from tests.twin.state import Account, Asset, Market, State
from tests.twin.words import FIRST_USER_ACCOUNT, MAX_ASSETS, MAX_ATOMS, MAX_MARKETS, NO_FEE_OVERRIDE, PPM, Code, MarketStatus, SelfTrade

CODE_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def open_account(state: State, command: OpenAccount) -> Outcome:
    number = len(state.accounts)
    state.accounts.append(Account())
    state.emit(AccountOpened(number))
    return Outcome(id=number)


def create_asset(state: State, command: CreateAsset) -> Outcome:
    code = first_rejection(_asset_rejections(state, command))
    if code:
        return Outcome(code)
    number = len(state.assets)
    state.assets.append(Asset(command.code, command.scale, command.display_scale))
    state.emit(AssetCreated(number, command.code.rstrip(b"\0").decode("ascii"), command.scale, command.display_scale))
    return Outcome(id=number)


def _asset_rejections(state: State, command: CreateAsset) -> Column:
    letters = command.code.rstrip(b"\0")
    yield not 2 <= len(letters) <= 12, Code.ASSET_INVALID
    yield not CODE_LETTERS.issuperset(letters), Code.ASSET_INVALID
    yield command.scale > 18, Code.ASSET_INVALID
    yield command.display_scale > command.scale, Code.ASSET_INVALID
    yield any(asset.code == command.code for asset in state.assets), Code.ASSET_EXISTS
    yield len(state.assets) >= MAX_ASSETS, Code.ASSET_INVALID


def create_market(state: State, command: CreateMarket) -> Outcome:
    code = first_rejection(_market_rejections(state, command))
    if code:
        return Outcome(code)
    number = len(state.markets)
    base_unit, quote_unit = _units(state, command)
    state.markets.append(
        Market(
            base=command.base,
            quote=command.quote,
            price_scale=command.price_scale,
            amount_scale=command.amount_scale,
            self_trade=command.self_trade,
            status=MarketStatus.OPEN,
            min_price=command.min_price,
            max_price=command.max_price,
            min_amount=command.min_amount,
            max_amount=command.max_amount,
            min_total=command.min_total,
            maker_ppm=command.maker_ppm,
            taker_ppm=command.taker_ppm,
            base_unit=base_unit,
            quote_unit=quote_unit,
        )
    )
    state.emit(
        MarketCreated(
            market=number,
            base=command.base,
            quote=command.quote,
            price_scale=command.price_scale,
            amount_scale=command.amount_scale,
            self_trade=command.self_trade,
            min_price=command.min_price,
            max_price=command.max_price,
            min_amount=command.min_amount,
            max_amount=command.max_amount,
            min_total=command.min_total,
            maker_ppm=command.maker_ppm,
            taker_ppm=command.taker_ppm,
        )
    )
    return Outcome(id=number)


def _market_rejections(state: State, command: CreateMarket) -> Column:
    yield command.base >= len(state.assets), Code.ASSET_NOT_FOUND
    yield command.quote >= len(state.assets), Code.ASSET_NOT_FOUND
    yield command.base == command.quote, Code.MARKET_INVALID
    yield any((market.base, market.quote) == (command.base, command.quote) for market in state.markets), Code.MARKET_EXISTS
    yield command.self_trade > SelfTrade.CANCEL_BOTH, Code.ENUM_INVALID
    yield command.price_scale + command.amount_scale > state.assets[command.quote].scale, Code.MARKET_INVALID
    yield command.amount_scale > state.assets[command.base].scale, Code.MARKET_INVALID
    yield _limits_are_wrong(command, *_units(state, command)), Code.MARKET_INVALID
    yield command.maker_ppm > PPM, Code.FEE_INVALID
    yield command.taker_ppm > PPM, Code.FEE_INVALID
    yield len(state.markets) >= MAX_MARKETS, Code.MARKET_INVALID


def _units(state: State, command: CreateMarket) -> tuple[int, int]:
    """(base_unit, quote_unit): atoms in one unit of amount, and in one unit of price times one of amount."""
    base, quote = state.assets[command.base], state.assets[command.quote]
    return 10 ** (base.scale - command.amount_scale), 10 ** (quote.scale - command.price_scale - command.amount_scale)


def _limits_are_wrong(limits: CreateMarket | SetMarketLimits, base_unit: int, quote_unit: int) -> bool:
    return not (
        1 <= limits.min_price <= limits.max_price
        and 1 <= limits.min_amount <= limits.max_amount
        and limits.max_price * limits.max_amount * quote_unit <= MAX_ATOMS
        and limits.max_amount * base_unit <= MAX_ATOMS
        and limits.min_total <= MAX_ATOMS
    )


def set_market_limits(state: State, command: SetMarketLimits) -> Outcome:
    code = first_rejection(_limits_rejections(state, command))
    if code:
        return Outcome(code)
    market = state.markets[command.market]
    market.min_price, market.max_price = command.min_price, command.max_price
    market.min_amount, market.max_amount = command.min_amount, command.max_amount
    market.min_total = command.min_total
    state.emit(
        MarketLimitsSet(command.market, command.min_price, command.max_price, command.min_amount, command.max_amount, command.min_total)
    )
    return Outcome()


def _limits_rejections(state: State, command: SetMarketLimits) -> Column:
    yield command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    market = state.markets[command.market]
    yield _limits_are_wrong(command, market.base_unit, market.quote_unit), Code.MARKET_INVALID


def set_market_status(state: State, command: SetMarketStatus) -> Outcome:
    code = first_rejection(_status_rejections(state, command))
    if code:
        return Outcome(code)
    state.markets[command.market].status = command.status
    state.emit(MarketStatusSet(command.market, command.status))
    return Outcome()


def _status_rejections(state: State, command: SetMarketStatus) -> Column:
    yield command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    yield command.status > MarketStatus.HALTED, Code.ENUM_INVALID


def set_market_fees(state: State, command: SetMarketFees) -> Outcome:
    code = first_rejection(_market_fee_rejections(state, command))
    if code:
        return Outcome(code)
    market = state.markets[command.market]
    market.maker_ppm, market.taker_ppm = command.maker_ppm, command.taker_ppm
    state.emit(MarketFeesSet(command.market, command.maker_ppm, command.taker_ppm))
    return Outcome()


def _market_fee_rejections(state: State, command: SetMarketFees) -> Column:
    yield command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    yield command.maker_ppm > PPM, Code.FEE_INVALID
    yield command.taker_ppm > PPM, Code.FEE_INVALID


def set_account_fees(state: State, command: SetAccountFees) -> Outcome:
    code = first_rejection(_account_fee_rejections(state, command))
    if code:
        return Outcome(code)
    account = state.accounts[command.account]
    account.maker_ppm, account.taker_ppm = command.maker_ppm, command.taker_ppm
    state.emit(AccountFeesSet(command.account, command.maker_ppm, command.taker_ppm))
    return Outcome()


def _account_fee_rejections(state: State, command: SetAccountFees) -> Column:
    back_to_the_markets = command.maker_ppm == command.taker_ppm == NO_FEE_OVERRIDE
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.account < FIRST_USER_ACCOUNT, Code.SYSTEM_ACCOUNT
    yield command.maker_ppm > PPM and not back_to_the_markets, Code.FEE_INVALID
    yield command.taker_ppm > PPM and not back_to_the_markets, Code.FEE_INVALID


def set_max_open_orders(state: State, command: SetMaxOpenOrders) -> Outcome:
    state.max_open_orders = command.count
    state.emit(MaxOpenOrdersSet(command.count))
    return Outcome()
