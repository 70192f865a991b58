"""The twin behind the native engine's surface, so that one test can drive either."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tests.twin import cancels, commands, linking, offers, orders, pairs, setup, transfers
from tests.twin.commands import Command
from tests.twin.events import CommandApplied, Event, OrderRejected, Outcome
from tests.twin.numbers import format_units
from tests.twin.snapshot import canonical_bytes, read_state, state_hash
from tests.twin.state import Balance, Market, Order, Pending, State
from tests.twin.words import ALL_MARKETS, BOTH_SIDES, WORLD, Code, Side

RULES: dict[type[Command], Callable[[State, Any], Outcome]] = {
    commands.OpenAccount: setup.open_account,
    commands.CreateAsset: setup.create_asset,
    commands.CreateMarket: setup.create_market,
    commands.SetMarketLimits: setup.set_market_limits,
    commands.SetMarketStatus: setup.set_market_status,
    commands.SetMarketFees: setup.set_market_fees,
    commands.SetAccountFees: setup.set_account_fees,
    commands.SetMaxOpenOrders: setup.set_max_open_orders,
    commands.PlaceOrder: orders.place_order,
    commands.PlaceOco: pairs.place_oco,
    commands.PlaceTrailing: orders.place_trailing,
    commands.CancelOrder: cancels.cancel_order,
    commands.CancelMany: cancels.cancel_many,
    commands.CancelAll: cancels.cancel_all,
    commands.ReplaceOrder: orders.replace_order,
    commands.SetCancelAfter: cancels.set_cancel_after,
    commands.Transfer: transfers.transfer,
    commands.PostTransfer: transfers.post_transfer,
    commands.VoidTransfer: transfers.void_transfer,
    commands.AdvanceTime: cancels.advance_time,
    commands.CreateLinkedGroup: linking.create_linked_group,
    commands.LinkMarket: linking.link_market,
    commands.UnlinkMarket: linking.unlink_market,
    commands.SetLinkedGroupTerms: linking.set_linked_group_terms,
    commands.SetConversionRates: linking.set_conversion_rates,
    commands.Note: lambda state, command: Outcome(),
}

CATALOGUE = (
    commands.CreateAsset,
    commands.CreateMarket,
    commands.SetMarketLimits,
    commands.SetMarketStatus,
    commands.SetMarketFees,
    commands.SetAccountFees,
    commands.SetMaxOpenOrders,
    commands.CreateLinkedGroup,
    commands.LinkMarket,
    commands.UnlinkMarket,
    commands.SetLinkedGroupTerms,
)
"""What makes `catalogue_version` grow."""


def apply(state: State, command: Command) -> tuple[Outcome, list[Event]]:
    """The whole core: one command in, its outcome and its events out."""
    state.events = []
    state.seq += 1
    if command.time < state.time:
        outcome = Outcome(Code.TIME_WENT_BACK)
        if isinstance(command, (commands.PlaceOrder, commands.PlaceOco, commands.PlaceTrailing)):
            state.emit(OrderRejected(command.account, command.market, outcome.code))
        if isinstance(command, commands.ReplaceOrder):
            state.emit(OrderRejected(command.account, ALL_MARKETS, outcome.code))
    else:
        state.time = command.time
        outcome = RULES[type(command)](state, command)
    outcome = replace(outcome, seq=state.seq)
    applied = CommandApplied(state.seq, command.time, command.number, outcome.code, outcome.id, command.meta)
    return outcome, [applied, *state.events]


class Template(Protocol):
    """`AvailableTemplate`, as far as it is looked at."""

    @property
    def pieces(self) -> Sequence[str]: ...


class Twin:
    """`cambist._core.Engine`, slow and obvious. Typed calls keep records and events until they are taken."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self._records: list[bytes] = []
        self._events: list[Event] = []
        self._catalogue_version = 0

    @staticmethod
    def restore(snapshot: bytes) -> "Twin":
        return Twin(read_state(snapshot))

    def snapshot(self) -> bytes:
        return canonical_bytes(self.state)

    def state_hash(self) -> bytes:
        return state_hash(self.state)

    # --- commands

    def apply(self, command: Command) -> Outcome:
        record = command.encode()  # first, so that what does not fit changes nothing
        outcome, events = apply(self.state, command)
        self._catalogue_version += isinstance(command, CATALOGUE) and outcome.code == Code.OK
        self._records.append(record)
        self._events += events
        return outcome

    def apply_batch(self, commands_: bytes, events: bool = True) -> tuple[bytes, bytes]:
        codes, run = b"", b""
        for command in commands.decode_records(commands_):
            outcome, emitted = apply(self.state, command)
            codes += outcome.code.to_bytes(2, "little")
            run += b"".join(event.encode() for event in emitted) if events else b""
        return codes, run

    def take_commands(self) -> tuple[int, int, int, bytes]:
        count, records = len(self._records), b"".join(self._records)
        self._records = []
        return self.state.seq - count + 1, count, self.state.time, records

    def take_event_list(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    def take_events(self) -> bytes:
        return b"".join(event.encode() for event in self.take_event_list())

    def open_account(self, time: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.OpenAccount(time=time, meta=meta))

    def create_asset(self, time: int, code: str, scale: int, display_scale: int, meta: bytes = b"") -> Outcome:
        letters = code.encode("ascii")
        if len(letters) > 12:
            raise OverflowError("a code has 12 bytes")
        padded = letters.ljust(12, b"\0")
        return self.apply(commands.CreateAsset(time=time, code=padded, scale=scale, display_scale=display_scale, meta=meta))

    def create_market(
        self,
        time: int,
        base: int,
        quote: int,
        price_scale: int,
        amount_scale: int,
        self_trade: int,
        min_price: int,
        max_price: int,
        min_amount: int,
        max_amount: int,
        min_total: int,
        maker_ppm: int,
        taker_ppm: int,
        meta: bytes = b"",
    ) -> Outcome:
        return self.apply(
            commands.CreateMarket(
                time=time,
                base=base,
                quote=quote,
                price_scale=price_scale,
                amount_scale=amount_scale,
                self_trade=self_trade,
                min_price=min_price,
                max_price=max_price,
                min_amount=min_amount,
                max_amount=max_amount,
                min_total=min_total,
                maker_ppm=maker_ppm,
                taker_ppm=taker_ppm,
                meta=meta,
            )
        )

    def set_market_limits(
        self, time: int, market: int, min_price: int, max_price: int, min_amount: int, max_amount: int, min_total: int, meta: bytes = b""
    ) -> Outcome:
        return self.apply(
            commands.SetMarketLimits(
                time=time,
                market=market,
                min_price=min_price,
                max_price=max_price,
                min_amount=min_amount,
                max_amount=max_amount,
                min_total=min_total,
                meta=meta,
            )
        )

    def set_market_status(self, time: int, market: int, status: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetMarketStatus(time=time, market=market, status=status, meta=meta))

    def set_market_fees(self, time: int, market: int, maker_ppm: int, taker_ppm: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetMarketFees(time=time, market=market, maker_ppm=maker_ppm, taker_ppm=taker_ppm, meta=meta))

    def set_account_fees(self, time: int, account: int, maker_ppm: int, taker_ppm: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetAccountFees(time=time, account=account, maker_ppm=maker_ppm, taker_ppm=taker_ppm, meta=meta))

    def set_max_open_orders(self, time: int, count: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetMaxOpenOrders(time=time, count=count, meta=meta))

    def place_order(
        self,
        time: int,
        account: int,
        market: int,
        side: int,
        type: int,
        tif: int,
        flags: int,
        self_trade: int,
        price: int,
        amount: int,
        stop_price: int = 0,
        expire_at: int = 0,
        funds: int = 0,
        client_id: int = 0,
        meta: bytes = b"",
    ) -> Outcome:
        return self.apply(
            commands.PlaceOrder(
                time=time,
                account=account,
                market=market,
                side=side,
                type=type,
                tif=tif,
                flags=flags,
                self_trade=self_trade,
                price=price,
                amount=amount,
                stop_price=stop_price,
                expire_at=expire_at,
                funds=funds,
                client_id=client_id,
                meta=meta,
            )
        )

    def place_oco(
        self,
        time: int,
        account: int,
        market: int,
        side: int,
        tif: int,
        flags: int,
        self_trade: int,
        price: int,
        amount: int,
        stop_price: int,
        stop_limit_price: int = 0,
        expire_at: int = 0,
        client_id: int = 0,
        stop_client_id: int = 0,
        meta: bytes = b"",
    ) -> Outcome:
        return self.apply(
            commands.PlaceOco(
                time=time,
                account=account,
                market=market,
                side=side,
                tif=tif,
                flags=flags,
                self_trade=self_trade,
                price=price,
                amount=amount,
                stop_price=stop_price,
                stop_limit_price=stop_limit_price,
                expire_at=expire_at,
                client_id=client_id,
                stop_client_id=stop_client_id,
                meta=meta,
            )
        )

    def place_trailing(
        self,
        time: int,
        account: int,
        market: int,
        side: int,
        type: int,
        tif: int,
        flags: int,
        self_trade: int,
        price: int,
        amount: int,
        trail: int,
        expire_at: int = 0,
        funds: int = 0,
        client_id: int = 0,
        meta: bytes = b"",
    ) -> Outcome:
        return self.apply(
            commands.PlaceTrailing(
                time=time,
                account=account,
                market=market,
                side=side,
                type=type,
                tif=tif,
                flags=flags,
                self_trade=self_trade,
                price=price,
                amount=amount,
                trail=trail,
                expire_at=expire_at,
                funds=funds,
                client_id=client_id,
                meta=meta,
            )
        )

    def cancel_order(self, time: int, account: int, order_id: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.CancelOrder(time=time, account=account, order_id=order_id, meta=meta))

    def cancel_many(self, time: int, account: int, order_ids: Sequence[int], meta: bytes = b"") -> Outcome:
        return self.apply(commands.CancelMany(time=time, account=account, order_ids=tuple(order_ids), meta=meta))

    def cancel_all(self, time: int, account: int, market: int = ALL_MARKETS, side: int = BOTH_SIDES, meta: bytes = b"") -> Outcome:
        return self.apply(commands.CancelAll(time=time, account=account, market=market, side=side, meta=meta))

    def replace_order(
        self, time: int, account: int, order_id: int, price: int = 0, amount: int = 0, stop_price: int = 0, meta: bytes = b""
    ) -> Outcome:
        return self.apply(
            commands.ReplaceOrder(
                time=time, account=account, order_id=order_id, price=price, amount=amount, stop_price=stop_price, meta=meta
            )
        )

    def set_cancel_after(self, time: int, account: int, due: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetCancelAfter(time=time, account=account, due=due, meta=meta))

    def transfer(
        self,
        time: int,
        transfer_id: int,
        source: int,
        destination: int,
        asset: int,
        kind: int,
        pending: int,
        amount: int,
        meta: bytes = b"",
    ) -> Outcome:
        return self.apply(
            commands.Transfer(
                time=time,
                transfer_id=transfer_id,
                source=source,
                destination=destination,
                asset=asset,
                kind=kind,
                pending=pending,
                amount=amount,
                meta=meta,
            )
        )

    def post_transfer(self, time: int, transfer_id: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.PostTransfer(time=time, transfer_id=transfer_id, meta=meta))

    def void_transfer(self, time: int, transfer_id: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.VoidTransfer(time=time, transfer_id=transfer_id, meta=meta))

    def advance_time(self, time: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.AdvanceTime(time=time, meta=meta))

    def note(self, time: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.Note(time=time, meta=meta))

    def create_linked_group(self, time: int, base: int, anchor: int, fee_ppm: int, max_age: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.CreateLinkedGroup(time=time, base=base, anchor=anchor, fee_ppm=fee_ppm, max_age=max_age, meta=meta))

    def link_market(self, time: int, group: int, market: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.LinkMarket(time=time, group=group, market=market, meta=meta))

    def unlink_market(self, time: int, market: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.UnlinkMarket(time=time, market=market, meta=meta))

    def set_linked_group_terms(self, time: int, group: int, fee_ppm: int, max_age: int, meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetLinkedGroupTerms(time=time, group=group, fee_ppm=fee_ppm, max_age=max_age, meta=meta))

    def set_conversion_rates(self, time: int, group: int, rates: Sequence[tuple[int, int]], meta: bytes = b"") -> Outcome:
        return self.apply(commands.SetConversionRates(time=time, group=group, rates=tuple(rates), meta=meta))

    # --- reads

    @property
    def seq(self) -> int:
        return self.state.seq

    @property
    def time(self) -> int:
        return self.state.time

    @property
    def next_order_id(self) -> int:
        return self.state.next_order_id

    @property
    def next_trade_id(self) -> int:
        return self.state.next_trade_id

    @property
    def next_entry_id(self) -> int:
        return self.state.next_entry_id

    @property
    def accounts(self) -> int:
        return len(self.state.accounts)

    def market(self, market: int) -> Market:
        return self.state.markets[market]

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        balance = self.state.accounts[account].balances.get(asset, Balance())
        return balance.available, balance.held

    def available_text(self, account: int, template: Template) -> str:
        pieces = template.pieces
        if account >= len(self.state.accounts):
            raise IndexError("no such account")
        texts = []
        for number, asset in enumerate(self.state.assets):
            shown = format_units(self.state.available(account, number), asset.scale, asset.display_scale)
            texts.append(shown.rstrip("0").rstrip(".") if "." in shown else shown)
        if len(pieces) != len(texts) + 1:
            raise IndexError("not one piece more than there are assets")
        return "".join(piece + text for piece, text in zip(pieces, [*texts, ""], strict=True))

    def account_fees(self, account: int, market: int) -> tuple[int, int]:
        return self.state.markets[market].fee_rates(self.state.accounts[account])

    def order(self, order_id: int) -> Order | None:
        return self.state.live.get(order_id)

    def open_orders(self, account: int, market: int = ALL_MARKETS) -> list[Order]:
        return [order for order in self.state.orders_of(account) if market in (ALL_MARKETS, order.market)]

    def open_order_count(self, account: int) -> int:
        return len(self.state.orders_of(account))

    def order_by_client_id(self, account: int, client_id: int) -> int:
        return self.state.remembered(account, client_id)

    def depth(self, market: int, limit: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        book = self.state.markets[market]
        bids, asks = (list(dict.fromkeys(order.price for order in book.book(side))) for side in (Side.BUY, Side.SELL))
        shown = slice(limit or None)
        return (
            [(price, book.level_amount(Side.BUY, price)) for price in bids[shown]],
            [(price, book.level_amount(Side.SELL, price)) for price in asks[shown]],
        )

    def best(self, market: int) -> tuple[int, int]:
        return self.state.markets[market].best(Side.BUY), self.state.markets[market].best(Side.SELL)

    def linked_group_of(self, market: int) -> int | None:
        return self.state.group_of(market) if market < len(self.state.markets) else None

    def linked_groups(self) -> list[tuple[int, int, int, int, list[int], list[tuple[int, int, int]]]]:
        """(base, anchor, fee_ppm, max_age, markets, rates) of each."""
        return [
            (
                group.base,
                group.anchor,
                group.fee_ppm,
                group.max_age,
                sorted(group.markets),
                [(asset, rate.rate, rate.set_at) for asset, rate in sorted(group.rates.items())],
            )
            for group in self.state.groups
        ]

    def converted_depth(self, market: int, limit: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        bids, asks = (offers.converted_levels(self.state, market, side) for side in (Side.BUY, Side.SELL))
        shown = slice(limit or None)
        return bids[shown], asks[shown]

    def live_orders(self, market: int) -> int:
        return len([order for order in self.state.live.values() if order.market == market])

    def next_expiry(self) -> int:
        expiries = [order.expire_at for order in self.state.live.values() if order.expire_at]
        return min([*expiries, *self.state.cancel_after.values()], default=0)

    def cancel_after(self, account: int) -> int:
        if account >= len(self.state.accounts):
            raise IndexError("no such account")
        return self.state.cancel_after.get(account, 0)

    @property
    def catalogue_version(self) -> int:
        return self._catalogue_version

    def pending_transfer(self, transfer_id: int) -> Pending | None:
        return self.state.pending.get(transfer_id)

    def pending_transfers(self) -> list[Pending]:
        return [self.state.pending[transfer_id] for transfer_id in sorted(self.state.pending)]

    def transfer_used(self, transfer_id: int) -> bool:
        return transfer_id in self.state.used_transfer_ids

    def totals(self) -> list[tuple[int, int, int]]:
        rows = []
        for asset in range(len(self.state.assets)):
            world = sum(self.balance(WORLD, asset))
            others = [self.balance(account, asset) for account in range(WORLD + 1, self.accounts)]
            rows.append((world, sum(available for available, _ in others), sum(held for _, held in others)))
        return rows
