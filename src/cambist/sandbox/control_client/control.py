"""A method for each operation of the control API; each call waits for its reply. `scripts/control_api.py` writes this file."""

from __future__ import annotations

from typing import Any, Literal

from cambist.operations.keys import KeyRevoked, KeyRow, KeyShown
from cambist.sandbox.control import clock as clock_operations
from cambist.sandbox.control import faults as faults_operations
from cambist.sandbox.control import forks as forks_operations
from cambist.sandbox.control import funds as funds_operations
from cambist.sandbox.control import keys as keys_operations
from cambist.sandbox.control import openapi as openapi_operations
from cambist.sandbox.control import orders as orders_operations
from cambist.sandbox.control import prices as prices_operations
from cambist.sandbox.control import report as report_operations
from cambist.sandbox.control import run as run_operations
from cambist.sandbox.control import snapshots as snapshots_operations
from cambist.sandbox.control import tape as tape_operations
from cambist.sandbox.control.clock import ClockState, Movement, Until
from cambist.sandbox.control.faults import FaultsShown, OfFault, ShownFault
from cambist.sandbox.control.forks import Fork, Forked, ForkRow, OfFork
from cambist.sandbox.control.funds import Blocks, Deposit, Deposited, Faucet, Funds, Mined, OfAccount
from cambist.sandbox.control.keys import FreshKey, OfKey, WhoseKeys
from cambist.sandbox.control.operations import Nothing
from cambist.sandbox.control.orders import OfOrder
from cambist.sandbox.control.prices import OfMarket, PriceLevel, PriceRecord, PriceShown, RecordFollowed
from cambist.sandbox.control.report import PictureOptions, ReportOptions
from cambist.sandbox.control.run import RunState
from cambist.sandbox.control.snapshots import Began, Named, Restored, Seed, SnapshotRow
from cambist.sandbox.control.tape import TapeRecord, TapeState
from cambist.sandbox.control_client.calls import Calls
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.report.document import Report
from cambist.sandbox.timeline import Timeline


class Control(Calls):
    """What can be asked of the sandbox at `url`; ControlError when it was not carried out."""

    def clock(self) -> ClockState:
        """Says what time it is in the sandbox."""
        return self.call(clock_operations.SHOW, Nothing())

    def move_clock(self, *, advance: float | None = None, run_until: Until | None = None, step: int | None = None) -> ClockState:
        """Moves a manual clock, and everything that is due on the way."""
        return self.call(clock_operations.MOVE, Movement(advance=advance, run_until=run_until, step=step))

    def faults(self) -> FaultsShown:
        """Lists the faults that are armed, those that are over, and what fired."""
        return self.call(faults_operations.SHOW, Nothing())

    def arm_fault(
        self,
        kind: str,
        *,
        dialect: str | None = None,
        transport: Literal["http", "handshake", "socket"] | None = None,
        user: str | None = None,
        key: str | None = None,
        method: str | None = None,
        path: str | None = None,
        contains: str | None = None,
        market: str | None = None,
        side: Literal["buy", "sell"] | None = None,
        order: int | None = None,
        client_order_id: str | None = None,
        skip: int = 0,
        every: int = 1,
        probability: float = 1.0,
        count: int | None = None,
        seconds: float | None = None,
        before: float | None = None,
        after: float | None = None,
        after_bytes: int | None = None,
        status: int | None = None,
        executed: bool | None = None,
        length: Literal["right", "wrong"] | None = None,
        content_type: str | None = None,
        wait: float | None = None,
        skew: float | None = None,
        age: float | None = None,
        commands: int | None = None,
        code: int | None = None,
        reason: str | None = None,
        now: bool | None = None,
        messages: int | None = None,
        delay: float | None = None,
        percent: float | None = None,
        price: str | None = None,
        rest: Literal["fill", "cancel", "leave"] | None = None,
        rest_price: str | None = None,
    ) -> ShownFault:
        """Arms a fault."""
        return self.call(
            faults_operations.ARM,
            FaultPlan(
                kind=kind, dialect=dialect, transport=transport, user=user, key=key, method=method, path=path, contains=contains,
                market=market, side=side, order=order, client_order_id=client_order_id, skip=skip, every=every, probability=probability,
                count=count, seconds=seconds, before=before, after=after, after_bytes=after_bytes, status=status, executed=executed,
                length=length, content_type=content_type, wait=wait, skew=skew, age=age, commands=commands, code=code, reason=reason,
                now=now, messages=messages, delay=delay, percent=percent, price=price, rest=rest, rest_price=rest_price,
            ),
        )  # fmt: skip

    def disarm_fault(self, fault: str) -> ShownFault:
        """Disarms a fault, and ends what it began."""
        return self.call(faults_operations.DISARM, OfFault(fault=fault))

    def disarm_faults(self) -> FaultsShown:
        """Disarms all faults, and ends what they began."""
        return self.call(faults_operations.CLEAR, Nothing())

    def forks(self) -> list[ForkRow]:
        """Lists the forks that run."""
        return self.call(forks_operations.LIST, Nothing())

    def fork(self, *, port: int = 0) -> Forked:
        """Starts a second sandbox that goes on from this state, with everything."""
        return self.call(forks_operations.FORK, Fork(port=port))

    def end_fork(self, pid: int) -> ForkRow:
        """Ends a fork."""
        return self.call(forks_operations.END, OfFork(pid=pid))

    def funds(self, account: str) -> Funds:
        """Says what an account has."""
        return self.call(funds_operations.SHOW, OfAccount(account=account))

    def fund(self, account: str, *, give: str = "", take: str = "") -> Funds:
        """Gives money to an account, or takes some from it, through the ledger."""
        return self.call(funds_operations.CHANGE, Faucet(account=account, give=give, take=take))

    def deposit(self, account: str, asset: str, amount: str, *, blocks: int = 0) -> Deposited:
        """Pays coins to an account over the simulated coin network."""
        return self.call(funds_operations.DEPOSIT, Deposit(account=account, asset=asset, amount=amount, blocks=blocks))

    def mine(self, asset: str, *, count: int = 1) -> Mined:
        """Has the simulated coin network find blocks now."""
        return self.call(funds_operations.MINE, Blocks(asset=asset, count=count))

    def keys(self, *, user: str | None = None) -> list[KeyRow]:
        """Lists the keys that are good, without their secrets."""
        return self.call(keys_operations.LIST, WhoseKeys(user=user))

    def create_key(self, user: str, dialect: str, *, scopes: list[str] | None = None, ip_allow: list[str] | None = None) -> KeyShown:
        """Makes a key that has used no nonce yet."""
        return self.call(
            keys_operations.CREATE, FreshKey(user=user, dialect=dialect, scopes=scopes, ip_allow=list() if ip_allow is None else ip_allow)
        )

    def renew_key(self, key: str) -> KeyShown:
        """Makes a key in the place of another, which is revoked."""
        return self.call(keys_operations.RENEW, OfKey(key=key))

    def revoke_key(self, key: str) -> KeyRevoked:
        """Ends a key, and the sockets that are open with it."""
        return self.call(keys_operations.REVOKE, OfKey(key=key))

    def openapi(self) -> dict[str, Any]:
        """Gives this API as an OpenAPI 3.1 document."""
        return self.call(openapi_operations.OPENAPI, Nothing())

    def explain(self, order: str) -> Timeline:
        """Says what happened to an order, from its request to its end."""
        return self.call(orders_operations.EXPLAIN, OfOrder(order=order))

    def explain_text(self, order: str) -> bytes:
        """Says the same as text, for people."""
        return self.call(orders_operations.EXPLAIN_TEXT, OfOrder(order=order))

    def price(self, market: str) -> PriceShown:
        """Says what a market's base is worth, and what is quoted."""
        return self.call(prices_operations.SHOW, OfMarket(market=market))

    def set_price(self, market: str, price: str, *, book: bool = False) -> PriceShown:
        """Has a market's base be worth so much from now on."""
        return self.call(prices_operations.SET, PriceLevel(market=market, price=price, book=book))

    def follow_prices(self, market: str, *, csv: str = "", file: str = "", speed: float = 1.0) -> RecordFollowed:
        """Has prices follow recorded trades or candles."""
        return self.call(prices_operations.FOLLOW, PriceRecord(market=market, csv=csv, file=file, speed=speed))

    def report(
        self,
        *,
        user: str | None = None,
        quote: str = "USD",
        requests_per_second: int = 10,
        stale_after: float = 5.0,
        slippage_percent: float = 1.0,
    ) -> Report:
        """Says what the bots did, and what they did wrong."""
        return self.call(
            report_operations.REPORT,
            ReportOptions(
                user=user, quote=quote, requests_per_second=requests_per_second, stale_after=stale_after, slippage_percent=slippage_percent
            ),
        )

    def report_markdown(
        self,
        *,
        user: str | None = None,
        quote: str = "USD",
        requests_per_second: int = 10,
        stale_after: float = 5.0,
        slippage_percent: float = 1.0,
    ) -> bytes:
        """Says the same in Markdown, for people."""
        return self.call(
            report_operations.REPORT_MARKDOWN,
            ReportOptions(
                user=user, quote=quote, requests_per_second=requests_per_second, stale_after=stale_after, slippage_percent=slippage_percent
            ),
        )

    def report_junit(
        self,
        *,
        user: str | None = None,
        quote: str = "USD",
        requests_per_second: int = 10,
        stale_after: float = 5.0,
        slippage_percent: float = 1.0,
    ) -> bytes:
        """Says the same as JUnit's XML, a test case for each check."""
        return self.call(
            report_operations.REPORT_JUNIT,
            ReportOptions(
                user=user, quote=quote, requests_per_second=requests_per_second, stale_after=stale_after, slippage_percent=slippage_percent
            ),
        )

    def report_picture(self, *, user: str | None = None, quote: str = "USD", market: str | None = None) -> bytes:
        """Draws prices, own fills and what accounts are worth."""
        return self.call(report_operations.REPORT_PICTURE, PictureOptions(user=user, quote=quote, market=market))

    def run(self) -> RunState:
        """Says what the run began with, and hashes all that came of it."""
        return self.call(run_operations.SHOW, Nothing())

    def bundle(self) -> bytes:
        """Gives the file that `cambist replay` repeats the run from."""
        return self.call(run_operations.BUNDLE, Nothing())

    def snapshots(self) -> list[SnapshotRow]:
        """Lists what was saved."""
        return self.call(snapshots_operations.LIST, Nothing())

    def save(self, name: str) -> SnapshotRow:
        """Saves the whole sandbox under a name: orders, money, traders, timers, clock."""
        return self.call(snapshots_operations.SAVE, Named(name=name))

    def restore(self, name: str) -> Restored:
        """Makes the sandbox what it was when it was saved."""
        return self.call(snapshots_operations.RESTORE, Named(name=name))

    def remove_snapshot(self, name: str) -> SnapshotRow:
        """Removes a snapshot."""
        return self.call(snapshots_operations.REMOVE, Named(name=name))

    def reset(self, *, seed: int | None = None) -> Began:
        """Makes the sandbox what it was at its start, or what it would be with another seed."""
        return self.call(snapshots_operations.BEGIN, Seed(seed=seed))

    def tape(self) -> TapeState:
        """Says how many recorded trades are still to come."""
        return self.call(tape_operations.SHOW, Nothing())

    def play_tape(self, market: str, *, csv: str = "", file: str = "", speed: float = 1.0) -> TapeState:
        """Has recorded trades happen from now on, in the place of those to come."""
        return self.call(tape_operations.PLAY, TapeRecord(market=market, csv=csv, file=file, speed=speed))

    def stop_tape(self) -> TapeState:
        """Drops the recorded trades that are still to come."""
        return self.call(tape_operations.STOP, Nothing())
