"""The native core and its twin in step: every command goes to both, and everything that can be seen of them must agree."""

from typing import Any

from blake3 import blake3

from cambist._core import AvailableTemplate, Engine, LiveOrder, decode_events
from tests.core.venue import as_event, as_outcome
from tests.twin import Twin
from tests.twin.commands import decode_records
from tests.twin.events import Event, Outcome
from tests.twin.snapshot import read_state
from tests.twin.words import ONE_CANCELS_OTHER, WORLD, Code

TIME_END = 16  # seq and time: what a rejection may change of the canonical state


class Pair:
    def __init__(self) -> None:
        self.native = Engine()
        self.twin = Twin()
        self.state = self.twin.snapshot()
        self.records = b""
        self.codes = b""
        self.events = b""
        self.happened: list[Event] = []
        """The events of the last command."""

    def do(self, time: int, command: str, *arguments: Any, **named: Any) -> Outcome:
        """One command to both; AssertionError at the first thing that differs."""
        outcome = as_outcome(getattr(self.native, command)(time, *arguments, **named))
        expected: Outcome = getattr(self.twin, command)(time, *arguments, **named)
        assert outcome == expected
        self._compare_outboxes(outcome)
        self._compare_states(outcome)
        self._audit()
        return outcome

    def _compare_outboxes(self, outcome: Outcome) -> None:
        raw = self.native.take_events()
        expected = self.happened = self.twin.take_event_list()
        assert [as_event(event) for event in decode_events(raw)] == expected
        assert raw == b"".join(event.encode() for event in expected)
        taken = self.native.take_commands()
        assert taken == self.twin.take_commands()
        self.records += taken[3]
        self.codes += outcome.code.to_bytes(2, "little")
        self.events += raw

    def _compare_states(self, outcome: Outcome) -> None:
        before, self.state = self.state, self.twin.snapshot()
        if self.native.state_hash() != blake3(self.state).digest():
            assert read_state(self.native.snapshot()) == read_state(self.state)  # says where
            assert self.native.snapshot() == self.state
            raise AssertionError("the snapshots agree and the hashes do not")
        if outcome.code != Code.OK:
            unchanged = 8 if outcome.code == Code.TIME_WENT_BACK else TIME_END
            assert self.state[unchanged:] == before[unchanged:]

    def _audit(self) -> None:
        """What must hold of the native core whatever the twin says."""
        for world, available, held in self.native.totals():
            assert world + available + held == 0
        for account in range(self.native.accounts):
            owed = {(balance.asset): balance.held for balance in self.native.balances(account) if balance.held}
            for balance in self.native.balances(account):
                assert balance.held >= 0
                assert balance.available >= 0 or account == WORLD
            assert owed == self._holds(account)
        for market in range(len(self.native.markets())):
            bid, ask = self.native.best(market)
            assert bid < ask or 0 in (bid, ask), "the book is crossed"

    def _holds(self, account: int) -> dict[int, int]:
        """What the live orders and pending transfers of an account hold, by asset."""
        holds: dict[int, int] = {}
        orders = {order.order_id: order for order in self.native.open_orders(account)}
        for order in orders.values():
            asset, atoms = self._cost(order)
            if order.waiting and order.flags & ONE_CANCELS_OTHER:
                atoms = max(0, atoms - self._cost(orders[order.order_id - 1])[1])
            holds[asset] = holds.get(asset, 0) + atoms
        for move in self.native.pending_transfers():
            if move.source == account:
                holds[move.asset] = holds.get(move.asset, 0) + move.amount
        return holds

    def _cost(self, order: LiveOrder) -> tuple[int, int]:
        market = self.native.market(order.market)
        if order.side == 1:
            return market.base, order.remaining * market.base_unit
        return market.quote, order.funds or order.price * order.remaining * market.quote_unit

    # --- looks that cost too much after every command

    def compare_reads(self) -> None:
        native, twin = self.native, self.twin
        assert native.accounts == twin.accounts
        for name in ("seq", "time", "next_order_id", "next_trade_id", "next_entry_id"):
            assert getattr(native, name) == getattr(twin, name)
        assert native.next_expiry() == twin.next_expiry()
        assert native.totals() == twin.totals()
        groups = [(g.base, g.anchor, g.fee_ppm, g.max_age, g.markets, g.rates) for g in native.linked_groups()]
        assert groups == twin.linked_groups()
        markets = range(len(twin.state.markets))
        for market in markets:
            self._compare_market(market)
        for account in range(twin.accounts):
            self._compare_account(account)
        for order_id in range(twin.next_order_id + 1):
            assert shown(native.order(order_id), ORDER) == shown(twin.order(order_id), ORDER)
        pending = [shown(move, PENDING) for move in native.pending_transfers()]
        assert pending == [shown(move, PENDING) for move in twin.pending_transfers()]
        for transfer_id in twin.state.used_transfer_ids:
            assert native.transfer_used(transfer_id)
            assert shown(native.pending_transfer(transfer_id), PENDING) == shown(twin.pending_transfer(transfer_id), PENDING)

    def _compare_market(self, market: int) -> None:
        native, twin = self.native, self.twin
        assert shown(native.market(market), MARKET) == shown(twin.market(market), MARKET)
        assert native.best(market) == twin.best(market)
        assert native.live_orders(market) == twin.live_orders(market)
        assert native.linked_group_of(market) == twin.linked_group_of(market)
        for limit in (0, 1, 2, 0):
            assert native.depth(market, limit) == twin.depth(market, limit)
            assert native.converted_depth(market, limit) == twin.converted_depth(market, limit)

    def _compare_account(self, account: int) -> None:
        native, twin = self.native, self.twin
        pieces = ("[", *["; "] * (len(twin.state.assets) - 1), "]") if twin.state.assets else ("none",)
        template = AvailableTemplate(pieces)
        assert native.available_text(account, template) == twin.available_text(account, template)
        assert native.open_order_count(account) == twin.open_order_count(account)
        assert native.cancel_after(account) == twin.cancel_after(account)
        for market in [*range(len(twin.state.markets)), 0xFFFF]:
            ours = [shown(order, ORDER) for order in native.open_orders(account, market)]
            assert ours == [shown(order, ORDER) for order in twin.open_orders(account, market)]
            if market != 0xFFFF:
                assert native.account_fees(account, market) == twin.account_fees(account, market)
        for asset in range(len(twin.state.assets)):
            assert native.balance(account, asset) == twin.balance(account, asset)
        for client_id in range(6):
            assert native.order_by_client_id(account, client_id) == twin.order_by_client_id(account, client_id)

    def restart(self) -> None:
        """Both go on from the native core's snapshot."""
        snapshot = self.native.snapshot()
        self.native = Engine.restore(snapshot)
        self.twin = Twin.restore(snapshot)
        assert self.native.snapshot() == snapshot
        assert self.native.state_hash() == blake3(snapshot).digest()

    def compare_with_a_batch(self) -> None:
        """The same records in one call, on a fresh core."""
        core = Engine()
        assert core.apply_batch(self.records) == (self.codes, self.events)
        assert core.state_hash() == self.native.state_hash()
        assert core.take_events() == b""
        assert core.take_commands()[1] == 0
        assert b"".join(command.encode() for command in decode_records(self.records)) == self.records


ORDER = (
    "order_id account market side type tif flags self_trade price amount filled remaining stop_price expire_at funds client_id "
    "maker_ppm taker_ppm created trail"
)
PENDING = "transfer_id source destination asset kind amount"
MARKET = (
    "base quote price_scale amount_scale self_trade status min_price max_price min_amount max_amount min_total maker_ppm taker_ppm "
    "last_price quote_unit base_unit"
)


def shown(thing: object, names: str) -> dict[str, int] | None:
    return None if thing is None else {name: getattr(thing, name) for name in names.split()}
