"""What the core remembers, in plain lists and dicts, and the few questions that every rule asks of it."""

from dataclasses import dataclass, field

from tests.twin.events import BalanceChanged, BookLevelChanged, Event
from tests.twin.words import (
    FIRST_USER_ACCOUNT,
    NO_FEE_OVERRIDE,
    ONE_CANCELS_OTHER,
    OPEN_ORDERS_AT_START,
    REMEMBERED_FINISHED,
    Business,
    SelfTrade,
    Side,
    Type,
)


@dataclass
class Asset:
    code: bytes
    scale: int
    display_scale: int


@dataclass
class Order:
    order_id: int
    account: int
    market: int
    type: int
    side: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    filled: int
    stop_price: int
    expire_at: int
    funds: int
    client_id: int
    maker_ppm: int
    taker_ppm: int
    created: int

    trail: int = 0
    extreme: int = 0
    """Of a stop that trails: the price that its trigger keeps its distance from."""

    # What it did as a taker in the command being applied, and what was available to pay for it; no part of the canonical state.
    trades: int = 0
    spent: int = 0
    purse: int = 0

    @property
    def remaining(self) -> int:
        """Amount left; an order over `funds` has none."""
        return 0 if self.funds else self.amount - self.filled

    @property
    def funds_left(self) -> int:
        return self.funds - self.spent

    @property
    def has_nothing_left(self) -> bool:
        return self.funds_left == 0 if self.funds else self.remaining == 0


@dataclass
class Market:
    base: int
    quote: int
    price_scale: int
    amount_scale: int
    self_trade: int
    status: int
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int
    maker_ppm: int
    taker_ppm: int
    base_unit: int
    quote_unit: int
    last_price: int = 0
    resting: list[Order] = field(default_factory=list)
    """Of both sides, in the order in which they came to rest."""
    waiting: list[Order] = field(default_factory=list)
    """Stops that were not triggered."""

    def total(self, price: int, amount: int) -> int:
        return price * amount * self.quote_unit

    def base_atoms(self, amount: int) -> int:
        return amount * self.base_unit

    def book(self, side: int) -> list[Order]:
        """One side, best price first; the sort is stable, so that the oldest order of a price comes first."""
        orders = [order for order in self.resting if order.side == side]
        return sorted(orders, key=lambda order: -order.price if side == Side.BUY else order.price)

    def best(self, side: int) -> int:
        """0 for an empty side."""
        book = self.book(side)
        return book[0].price if book else 0

    def level_amount(self, side: int, price: int) -> int:
        return sum(order.remaining for order in self.resting if (order.side, order.price) == (side, price))

    def self_trade_mode(self, order_mode: int) -> int:
        mode = order_mode or self.self_trade
        return SelfTrade.ALLOW if mode == SelfTrade.MARKETS else mode

    def fee_rates(self, account: "Account") -> tuple[int, int]:
        """(maker_ppm, taker_ppm) of a new order."""
        if account.maker_ppm == NO_FEE_OVERRIDE:
            return self.maker_ppm, self.taker_ppm
        return account.maker_ppm, account.taker_ppm


@dataclass
class Balance:
    available: int = 0
    held: int = 0


@dataclass
class Account:
    maker_ppm: int = NO_FEE_OVERRIDE
    taker_ppm: int = NO_FEE_OVERRIDE
    balances: dict[int, Balance] = field(default_factory=dict)
    finished: list[tuple[int, int]] = field(default_factory=list)
    """(client id, order id) of the last finished orders that carried one, oldest first."""


@dataclass
class Pending:
    transfer_id: int
    source: int
    destination: int
    asset: int
    kind: int
    amount: int


@dataclass
class Rate:
    rate: int
    set_at: int


@dataclass
class Group:
    """Linked markets."""

    base: int
    anchor: int
    fee_ppm: int
    max_age: int
    markets: list[int] = field(default_factory=list)
    rates: dict[int, Rate] = field(default_factory=dict)
    """By asset."""


@dataclass
class State:
    seq: int = 0
    time: int = 0
    next_order_id: int = 1
    next_trade_id: int = 1
    next_entry_id: int = 1
    last_trade_time: int = 0
    max_open_orders: int = OPEN_ORDERS_AT_START
    assets: list[Asset] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=lambda: [Account() for _ in range(FIRST_USER_ACCOUNT)])
    live: dict[int, Order] = field(default_factory=dict)
    pending: dict[int, Pending] = field(default_factory=dict)
    used_transfer_ids: set[int] = field(default_factory=set)
    cancel_after: dict[int, int] = field(default_factory=dict)
    """Account to the time at which its orders are cancelled; armed ones only."""

    groups: list[Group] = field(default_factory=list)

    events: list[Event] = field(default_factory=list)
    """Of the command being applied; no part of the canonical state."""

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def available(self, account: int, asset: int) -> int:
        return self.accounts[account].balances.get(asset, Balance()).available

    def group_of(self, market: int) -> int | None:
        """The number of the group that a market is in."""
        return next((number for number, group in enumerate(self.groups) if market in group.markets), None)

    def linked_to(self, market: int) -> list[int]:
        """The markets of its group, in order of number; of one without a group itself."""
        number = self.group_of(market)
        return [market] if number is None else sorted(self.groups[number].markets)

    def orders_of(self, account: int) -> list[Order]:
        """Live ones, in order of id."""
        return sorted((order for order in self.live.values() if order.account == account), key=lambda order: order.order_id)

    def remembered(self, account: int, client_id: int) -> int:
        """The order id that a client id stands for, 0 when it is free. Client id 0 stands for none."""
        if client_id == 0:
            return 0
        for order in self.orders_of(account):
            if order.client_id == client_id:
                return order.order_id
        return dict(self.accounts[account].finished).get(client_id, 0)

    def finish_client_id(self, order: Order) -> None:
        if order.client_id:
            account = self.accounts[order.account]
            account.finished = [*account.finished, (order.client_id, order.order_id)][-REMEMBERED_FINISHED:]

    def is_waiting(self, order: Order) -> bool:
        return any(waiting is order for waiting in self.markets[order.market].waiting)

    def change(self, account: int, asset: int, business: Business, reference: int, *, available: int = 0, held: int = 0) -> int:
        """Moves money of one account; returns the entry's id."""
        balance = self.accounts[account].balances.setdefault(asset, Balance())
        balance.available += available
        balance.held += held
        entry_id = self.next_entry_id
        self.next_entry_id += 1
        self.emit(
            BalanceChanged(entry_id, account, asset, business, reference, available, held, balance.available, balance.held),
        )
        return entry_id

    def other_leg(self, order: Order) -> Order | None:
        """The other leg of the live pair that the order is of, if it is of one."""
        if not order.flags & ONE_CANCELS_OTHER:
            return None
        if self.is_waiting(order):
            return self.live[order.order_id - 1]
        following = self.live.get(order.order_id + 1)
        is_of_a_pair = following is not None and following.flags & ONE_CANCELS_OTHER and self.is_waiting(following)
        return following if is_of_a_pair else None

    def hold_of(self, order: Order) -> tuple[int, int]:
        """(asset, atoms) that a live order holds, or would hold if it were one."""
        asset, atoms = self.cost_of(order)
        if order.flags & ONE_CANCELS_OTHER and self.is_waiting(order):
            atoms = max(0, atoms - self.cost_of(self.live[order.order_id - 1])[1])
        return asset, atoms

    def cost_of(self, order: Order) -> tuple[int, int]:
        """(asset, atoms) that an order can come to cost."""
        market = self.markets[order.market]
        if order.side == Side.SELL:
            return market.base, market.base_atoms(order.remaining)
        if order.type == Type.STOP_MARKET:
            return market.quote, order.funds
        return market.quote, market.total(order.price, order.remaining)

    def hold(self, order: Order) -> None:
        asset, atoms = self.hold_of(order)
        if atoms:
            self.change(order.account, asset, Business.HOLD, order.order_id, available=-atoms, held=atoms)

    def release(self, order: Order, atoms: int | None = None) -> None:
        """All that the order holds, unless told how much; nothing is released without an event."""
        asset = self.cost_of(order)[0]
        atoms = self.hold_of(order)[1] if atoms is None else atoms
        if atoms:
            self.change(order.account, asset, Business.RELEASE, order.order_id, available=atoms, held=-atoms)

    def emit_level(self, market: int, side: int, price: int) -> None:
        """What stands at that price now."""
        level = [order for order in self.markets[market].resting if (order.side, order.price) == (side, price)]
        self.emit(BookLevelChanged(market, side, len(level), price, sum(order.remaining for order in level)))
