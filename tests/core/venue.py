"""A small venue for tests that read as specifications: either engine behind it, short words in front."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from cambist._core import Engine, decode_events
from tests.twin import Twin
from tests.twin.events import (
    ALL,
    BalanceChanged,
    BookLevelChanged,
    ConvertedTradeExecuted,
    Event,
    OrderAccepted,
    OrderDone,
    OrderRejected,
    OrderReplaced,
    Outcome,
    StopTrailed,
    StopTriggered,
    TradeExecuted,
)
from tests.twin.words import TRAILS_BY_PRICE, WORLD, Code, Reason, Side, Tif, Type

GEM, USD, OIL = 0, 1, 2
GEM_USD, OIL_USD, GEM_OIL = 0, 1, 2
ALICE, BOB, CAROL, DAVE = 16, 17, 18, 19
"""Three rich accounts, and Dave, who has nothing."""

NOON = 1_000_000
RICH = 10**15
MAX_PRICE, MAX_AMOUNT = 10**6, 10**7

MARKET: dict[str, int] = {
    "price_scale": 0,
    "amount_scale": 0,
    "self_trade": 0,
    "min_price": 1,
    "max_price": MAX_PRICE,
    "min_amount": 1,
    "max_amount": MAX_AMOUNT,
    "min_total": 0,
    "maker_ppm": 0,
    "taker_ppm": 0,
}
"""Rules of a market in which a total is just price times amount."""


class Venue:
    """Commands go out at `now`; `events` are those of the last command. Money is in atoms, and here an atom is one GEM, one USD."""

    def __init__(self, engine: Engine | Twin) -> None:
        self.engine = engine
        self.now = NOON
        self.events: list[Event] = []
        self._transfers = 0

    @classmethod
    def furnished(cls, engine: Engine | Twin, **rules: int) -> "Venue":
        """Three assets, three markets with the given rules, three rich users, and Dave."""
        venue = cls(engine)
        for code in ("GEM", "USD", "OIL"):
            venue.do("create_asset", code, 0, 0)
        for base, quote in ((GEM, USD), (OIL, USD), (GEM, OIL)):
            venue.create_market(base, quote, **rules)
        for account in (ALICE, BOB, CAROL, DAVE):
            assert venue.do("open_account").id == account
            if account != DAVE:
                for asset in (GEM, USD, OIL):
                    venue.deposit(account, asset, RICH)
        return venue

    # --- commands

    def do(self, command: str, *arguments: Any, **named: Any) -> Outcome:
        """Any typed call of the engine, at `now`."""
        return self.do_at(self.now, command, *arguments, **named)

    def do_at(self, time: int, command: str, *arguments: Any, **named: Any) -> Outcome:
        outcome = as_outcome(getattr(self.engine, command)(time, *arguments, **named))
        self.events = take_events(self.engine)
        return outcome

    def create_market(self, base: int, quote: int, **rules: int) -> Outcome:
        return self.do("create_market", base, quote, **{**MARKET, **rules})

    def deposit(self, account: int, asset: int, amount: int) -> Outcome:
        return self.transfer(WORLD, account, asset, amount)

    def transfer(self, source: int, destination: int, asset: int, amount: int, **more: int) -> Outcome:
        """A single-phase deposit-kind transfer with a fresh id, unless told otherwise."""
        self._transfers += 1
        while self.engine.transfer_used(1_000_000 + self._transfers):
            self._transfers += 1
        fields = {"transfer_id": 1_000_000 + self._transfers, "kind": 1, "pending": 0, **more}
        return self.do("transfer", source=source, destination=destination, asset=asset, amount=amount, **fields)

    def leave_only(self, account: int, asset: int, amount: int) -> None:
        """Sends everything available above `amount` back to the world."""
        available, _ = self.engine.balance(account, asset)
        if available > amount:
            self.transfer(account, WORLD, asset, available - amount)

    def place(self, account: int, side: int, **more: int) -> Outcome:
        """A GTC limit order in GEM/USD, unless told otherwise. Orders of the market types are IOC by default."""
        fields = {"market": GEM_USD, "type": Type.LIMIT, "flags": 0, "self_trade": 0, "price": 0, "amount": 0, **more}
        fields.setdefault("tif", Tif.GTC if fields["type"] in (Type.LIMIT, Type.STOP_LIMIT) else Tif.IOC)
        return self.do("place_order", account, side=side, **fields)

    def buy(self, account: int, amount: int = 0, price: int = 0, **more: int) -> Outcome:
        return self.place(account, Side.BUY, amount=amount, price=price, **more)

    def sell(self, account: int, amount: int = 0, price: int = 0, **more: int) -> Outcome:
        return self.place(account, Side.SELL, amount=amount, price=price, **more)

    def oco(self, account: int, **fields: int) -> Outcome:
        """A GTC pair in GEM/USD, unless told otherwise."""
        fields = {"market": GEM_USD, "tif": Tif.GTC, "flags": 0, "self_trade": 0, **fields}
        return self.do("place_oco", account, **fields)

    def buy_oco(self, account: int, amount: int, price: int, stop_price: int, stop_limit_price: int, **more: int) -> Outcome:
        prices = {"price": price, "stop_price": stop_price, "stop_limit_price": stop_limit_price}
        return self.oco(account, side=Side.BUY, amount=amount, **prices, **more)

    def sell_oco(self, account: int, amount: int, price: int, stop_price: int, stop_limit_price: int = 0, **more: int) -> Outcome:
        """The stop sells at market, unless it has a limit price."""
        prices = {"price": price, "stop_price": stop_price, "stop_limit_price": stop_limit_price}
        return self.oco(account, side=Side.SELL, amount=amount, **prices, **more)

    def trailing(self, account: int, side: int, amount: int = 0, price: int = 0, **fields: int) -> Outcome:
        """A GTC stop-limit order in GEM/USD that trails by price, unless told otherwise."""
        defaults = {"market": GEM_USD, "type": Type.STOP_LIMIT, "tif": Tif.GTC, "flags": TRAILS_BY_PRICE, "self_trade": 0}
        return self.do("place_trailing", account, side=side, amount=amount, price=price, **{**defaults, **fields})

    def trade_at(self, price: int, **more: int) -> None:
        """Sets the last price: Bob sells one to Carol."""
        self.sell(BOB, 1, price, **more)
        assert self.buy(CAROL, 1, price, **more).count == 1

    # --- what happened

    def story(self) -> list[str]:
        """The events of the last command in short, without the balances and without the command itself."""
        return [line for event in self.events if (line := _line(event))]

    def entries(self) -> list[tuple[int, int, int, int]]:
        """(account, asset, change of available, change of held) of the last command's balance events."""
        return [
            (event.account, event.asset, event.change_available, event.change_held)
            for event in self.events
            if isinstance(event, BalanceChanged)
        ]

    def only(self, kind: type[Event]) -> list[Any]:
        """The last command's events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def balances(self, account: int, assets: Sequence[int] = (GEM, USD)) -> list[tuple[int, int]]:
        """(available, held), for each asset."""
        return [self.engine.balance(account, asset) for asset in assets]

    def held(self, account: int, asset: int) -> int:
        return self.engine.balance(account, asset)[1]


def names_of(kind: type[Outcome] | type[Event]) -> list[str]:
    return [field.name for field in fields(kind)]


def as_outcome(outcome: Any) -> Outcome:
    """The twin's dataclass with the fields of either outcome object."""
    return Outcome(**{name: getattr(outcome, name) for name in names_of(Outcome)})


def as_event(event: Any) -> Event:
    """The twin's dataclass with the fields of either event object."""
    kind = ALL[type(event).__name__]
    return kind(**{name: getattr(event, name) for name in names_of(kind)})


def take_events(engine: Engine | Twin) -> list[Event]:
    if isinstance(engine, Twin):
        return engine.take_event_list()
    return [as_event(event) for event in decode_events(engine.take_events())]


def _line(event: Event) -> str:
    match event:
        case OrderAccepted():
            return f"accepted {event.order_id}"
        case OrderRejected():
            return f"rejected {Code(event.code).name}"
        case TradeExecuted() | ConvertedTradeExecuted():
            return f"trade {event.amount} at {event.price}: {event.taker_order} takes {event.maker_order}"
        case OrderDone():
            return f"done {event.order_id} {Reason(event.reason).name}"
        case OrderReplaced():
            return f"replaced {event.order_id} {'keeping' if event.kept_priority else 'losing'} its place"
        case StopTriggered():
            return f"triggered {event.order_id} at {event.last_price}"
        case StopTrailed():
            return f"trailed {event.order_id} to {event.stop_price}"
        case BookLevelChanged(amount=0):
            return f"{Side(event.side).name} {event.price} gone"
        case BookLevelChanged():
            return f"{Side(event.side).name} {event.price} has {event.amount} in {event.orders}"
        case _:
            return ""
