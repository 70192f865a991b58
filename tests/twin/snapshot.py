"""The canonical state: its bytes, its hash, and the way back."""

from typing import Any

from blake3 import blake3

from tests.twin.state import Account, Asset, Balance, Group, Market, Order, Pending, Rate, State
from tests.twin.trailing import trails, trigger
from tests.twin.wire import Reader, pack_object, pack_one
from tests.twin.words import FIRST_USER_ACCOUNT, ONE_CANCELS_OTHER, Side, Type

HEAD = "seq u64, time u64, next_order_id u64, next_trade_id u64, next_entry_id u64, last_trade_time u64, max_open_orders u32"
ASSET = "code [u8;12], scale u8, display_scale u8"
MARKET = (
    "base u16, quote u16, price_scale u8, amount_scale u8, self_trade u8, status u8, min_price u64, max_price u64, min_amount u64, "
    "max_amount u64, min_total u128, maker_ppm u32, taker_ppm u32, last_price u64"
)
ORDER = (
    "order_id u64, account u32, type u8, side u8, tif u8, flags u8, self_trade u8, price u64, amount u64, filled u64, stop_price u64, "
    "expire_at u64, funds u128, client_id u128, maker_ppm u32, taker_ppm u32, created u64"
)
TRAILING = "order_id u64, trail u64, extreme u64"
FEES = "maker_ppm u32, taker_ppm u32"
BALANCE = "available i128, held i128"
GROUP = "base u16, anchor u16, fee_ppm u32, max_age u64"
RATE = "rate u64, set_at u64"
PENDING = "transfer_id u128, source u32, destination u32, asset u16, kind u8, amount u128"


def state_hash(state: State) -> bytes:
    return blake3(canonical_bytes(state)).digest()


def canonical_bytes(state: State) -> bytes:
    parts = [pack_object(HEAD, state), pack_one("u16", len(state.assets))]
    parts += [pack_object(ASSET, asset) for asset in state.assets]
    parts.append(pack_one("u16", len(state.markets)))
    for market in state.markets:
        parts.append(pack_object(MARKET, market))
        for orders in (market.book(Side.BUY), market.book(Side.SELL), sorted(market.waiting, key=lambda order: order.order_id)):
            parts.append(pack_one("u32", len(orders)))
            parts += [pack_object(ORDER, order) for order in orders]
    parts.append(pack_one("u32", len(state.accounts)))
    parts += [_account_bytes(account) for account in state.accounts]
    parts.append(pack_one("u32", len(state.pending)))
    parts += [pack_object(PENDING, state.pending[transfer_id]) for transfer_id in sorted(state.pending)]
    parts.append(pack_one("u64", len(state.used_transfer_ids)))
    parts += [pack_one("u128", transfer_id) for transfer_id in sorted(state.used_transfer_ids)]
    trailing = sorted(
        (order for order in state.live.values() if trails(order) and state.is_waiting(order)), key=lambda order: order.order_id
    )
    if state.cancel_after or state.groups or trailing:
        parts.append(pack_one("u32", len(state.cancel_after)))
        parts += [pack_one("u32", account) + pack_one("u64", due) for account, due in sorted(state.cancel_after.items())]
    if state.groups or trailing:
        parts.append(pack_one("u16", len(state.groups)))
        parts += [_group_bytes(group) for group in state.groups]
    if trailing:
        parts.append(pack_one("u32", len(trailing)))
        parts += [pack_object(TRAILING, order) for order in trailing]
    return b"".join(parts)


def _group_bytes(group: Group) -> bytes:
    parts = [pack_object(GROUP, group), pack_one("u16", len(group.markets))]
    parts += [pack_one("u16", market) for market in sorted(group.markets)]
    parts.append(pack_one("u16", len(group.rates)))
    parts += [pack_one("u16", asset) + pack_object(RATE, rate) for asset, rate in sorted(group.rates.items())]
    return b"".join(parts)


def _account_bytes(account: Account) -> bytes:
    rows = [(asset, balance) for asset, balance in sorted(account.balances.items()) if balance.available or balance.held]
    parts = [pack_object(FEES, account), pack_one("u16", len(rows))]
    parts += [pack_one("u16", asset) + pack_object(BALANCE, balance) for asset, balance in rows]
    parts.append(pack_one("u32", len(account.finished)))
    parts += [pack_one("u128", client_id) + pack_one("u64", order_id) for client_id, order_id in account.finished]
    return b"".join(parts)


def read_state(data: bytes) -> State:
    """ValueError when the bytes are not what `canonical_bytes` would write."""
    reader = Reader(data)
    values: dict[str, Any] = reader.take(HEAD)
    state = State(**values)
    state.assets = [Asset(**_values(reader, ASSET)) for _ in range(reader.one("u16"))]
    for number in range(reader.one("u16")):
        _read_market(reader, state, number)
    state.accounts = [_read_account(reader) for _ in range(reader.one("u32"))]
    for _ in range(reader.one("u32")):
        move = Pending(**_values(reader, PENDING))
        state.pending[move.transfer_id] = move
    state.used_transfer_ids = {reader.one("u128") for _ in range(reader.one("u64"))}
    if reader.left:
        state.cancel_after = {reader.one("u32"): reader.one("u64") for _ in range(reader.one("u32"))}
    if reader.left:
        state.groups = [_read_group(reader) for _ in range(reader.one("u16"))]
    for _ in range(reader.one("u32") if reader.left else 0):
        _read_trailing(reader, state)
    if not all(_has_its_limit_leg(state, stop) for stop in state.live.values()):
        raise ValueError("a stop leg without its limit leg")
    if not state.cancel_after.keys() <= set(range(FIRST_USER_ACCOUNT, len(state.accounts))) or 0 in state.cancel_after.values():
        raise ValueError("a cancel-after of no user, or for no time")
    if len(state.accounts) < FIRST_USER_ACCOUNT or canonical_bytes(state) != data:
        raise ValueError("no canonical state")
    return state


def _has_its_limit_leg(state: State, stop: Order) -> bool:
    if not stop.flags & ONE_CANCELS_OTHER or not state.is_waiting(stop):
        return True
    limit = state.live.get(stop.order_id - 1)
    if limit is None or not limit.flags & ONE_CANCELS_OTHER or limit.type != Type.LIMIT or limit.filled:
        return False
    return (limit.account, limit.market, limit.side, limit.amount) == (stop.account, stop.market, stop.side, stop.amount)


def _read_trailing(reader: Reader, state: State) -> None:
    values = reader.take(TRAILING)
    order = state.live.get(int(values["order_id"]))
    if order is None or not values["extreme"] or not values["trail"]:
        raise ValueError("a trail of no order, or from no price")
    order.trail, order.extreme = int(values["trail"]), int(values["extreme"])
    if order.stop_price != trigger(order.side, order.flags, order.extreme, order.trail):
        raise ValueError("a trigger that is not at its distance")


def _values(reader: Reader, layout: str) -> dict[str, Any]:
    return dict(reader.take(layout))


def _read_market(reader: Reader, state: State, number: int) -> None:
    values = _values(reader, MARKET)
    try:
        base, quote = state.assets[values["base"]], state.assets[values["quote"]]
    except IndexError:
        raise ValueError(f"market {number} is made of assets that do not exist") from None
    market = Market(
        **values,
        base_unit=10 ** (base.scale - values["amount_scale"]),
        quote_unit=10 ** (quote.scale - values["price_scale"] - values["amount_scale"]),
    )
    state.markets.append(market)
    for orders in (market.resting, market.resting, market.waiting):  # bids, asks, stops
        for _ in range(reader.one("u32")):
            order = Order(**_values(reader, ORDER), market=number)
            orders.append(order)
            state.live[order.order_id] = order


def _read_group(reader: Reader) -> Group:
    group = Group(**_values(reader, GROUP))
    group.markets = [reader.one("u16") for _ in range(reader.one("u16"))]
    for _ in range(reader.one("u16")):
        asset = reader.one("u16")
        group.rates[asset] = Rate(**_values(reader, RATE))
    return group


def _read_account(reader: Reader) -> Account:
    account = Account(**_values(reader, FEES))
    for _ in range(reader.one("u16")):
        asset = reader.one("u16")
        account.balances[asset] = Balance(**_values(reader, BALANCE))
    account.finished = [(reader.one("u128"), reader.one("u64")) for _ in range(reader.one("u32"))]
    return account
