"""The merchant service: orders that shops ask to be paid, and every step of paying them as a command in the journal."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from cambist import _core
from cambist.domain.events import MONEY_MOVED
from cambist.domain.markets import MarketStatus
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.commands import Commands
from cambist.exchange.merchants import MerchantFunds
from cambist.exchange.view import View

from .destinations import DestinationPolicy, DestinationRejected, destination_of
from .values import Arrival, Clock, Entropy, Label, MerchantOrder, MerchantRejection, OrderTexts, Payment, PaymentState, Terms
from .view import MerchantView

MAX_WORDS = 3_000
"""Bytes of all texts that a shop gives an order: a command's meta has room for 4,096."""
REPEATED_LIFETIME = 365 * 86_400_000_000
"""µs until an order that may be paid again and again is closed."""

NewAddress = Callable[[AccountId, AssetId], Awaitable[str | None]]
"""(account, asset) to a new deposit address of that account; None when there can be none."""


class MerchantService:
    """Orders of all merchants. Belongs to the event-loop thread.

    Feed it with `apply` (durable frames, in order) and call `run_due` every second or so. What it did is seen by its reads once the command
    is durable.
    """

    def __init__(
        self,
        view: MerchantView,
        commands: Commands,
        exchange: View,
        new_address: NewAddress,
        entropy: Entropy,
        clock: Clock,
        *,
        lifetime: int,
        most_open_orders: int = 10_000,
        destinations: DestinationPolicy = DestinationPolicy(),  # noqa: B008 - frozen
        public_url: str = "",
    ) -> None:
        """`lifetime` µs until an unpaid order is closed. `public_url`: where people reach this server, empty for what the shop called.

        `destinations`: where notices may go.
        """
        self._view = view
        self._commands = commands
        self._exchange = exchange
        self._funds = MerchantFunds(commands)
        self._new_address = new_address
        self._entropy = entropy
        self._clock = clock
        self._lifetime = lifetime
        self._most_open_orders = most_open_orders
        self._destinations = destinations
        self._selling: set[str] = set()
        self._ending: set[str] = set()
        """Orders whose end is journaled and not yet folded."""
        self.public_url = public_url.rstrip("/")

    @property
    def view(self) -> MerchantView:
        """Orders, payments and notices as of the last durable frame."""
        return self._view

    @property
    def applied_seq(self) -> int:
        """Every command up to here is folded in; the journal is read from the next one on."""
        return self._view.applied_seq

    @property
    def folded_from(self) -> int:
        """The fingerprint of the view's journal; 0 while it does not say."""
        return self._view.folded_from

    def adopt(self, journal: int) -> None:
        """Writes that fingerprint down."""
        self._view.adopt(journal)

    def copy_to(self, file: Path) -> None:
        """Writes what the view's file has into a new one. From any thread. OSError, sqlite3.Error."""
        self._view.copy_to(file)

    event_filter = msgspec.structs.replace(MONEY_MOVED, word=b"merchant")
    """The events that `apply` looks at."""

    def apply(self, events: Sequence[object], through: int = 0) -> None:
        """Folds the events of durable frames, in order. Twice is harmless, a gap is a ValueError.

        `through`: what is not wanted is left out of the events, which are those of every command after the last frame up to this one.
        """
        self._view.apply(events, through)

    def flush(self) -> None:
        """Writes how far the view has come."""
        self._view.flush()

    def close(self) -> None:
        """Releases the file. Idempotent."""
        self._view.close()

    # --- shops --------------------------------------------------------------------------------------------------------------
    async def create(
        self, account: AccountId, asset: AssetId, amount: int, key: str, texts: OrderTexts, *, terms: Terms, meta: Callable[[], Meta]
    ) -> str | MerchantRejection:
        """A new order; its id. `meta` is asked for when the order is journaled: its memo becomes the order's."""
        if not 0 < amount <= _core.MAX_ATOMS:
            return MerchantRejection.AMOUNT_INVALID
        if not all(_page_address(url) for url in (texts.success, texts.failure)):
            return MerchantRejection.URL_INVALID
        if texts.notify and self._destinations.rejection(texts.notify):
            return MerchantRejection.URL_INVALID
        words = [texts.description, texts.success, texts.failure, texts.notify, texts.data]
        if sum(len(text.encode()) for text in words) > MAX_WORDS:
            return MerchantRejection.TOO_LONG
        if self._view.open_orders(account) >= self._most_open_orders:
            return MerchantRejection.TOO_MANY_ORDERS
        now = self._clock()
        number = bytearray(self._entropy(f"merchant-order/{self._exchange.seq}", 16))
        number[6], number[8] = number[6] & 0x0F | 0x40, number[8] & 0x3F | 0x80
        order = bytes(number).hex()
        expires = now + (REPEATED_LIFETIME if terms.repeated else self._lifetime)
        fields = [order, account, asset, str(amount), key, *words, terms.only_accounts, expires, terms.repeated, terms.sell_in]
        memo = {"merchant_order": [2, *fields]}
        return order if await self._note(msgspec.structs.replace(meta(), memo=memo)) else MerchantRejection.UNAVAILABLE

    def order(self, order: str) -> MerchantOrder | None:
        """By its id of 32 hex digits."""
        return self._view.order(order)

    def payments(self, order: str) -> list[Payment]:
        """Of an order, oldest first."""
        return self._view.payments(order)

    async def labelled_address(
        self, account: AccountId, asset: AssetId, label: Label, used: Callable[[str], bool]
    ) -> str | MerchantRejection:
        """An account's deposit address of that label: the same one until it was `used`. Coins that come to it later still make a notice.

        TOO_LONG, URL_INVALID (`label.notify`), NO_NETWORK, UNAVAILABLE.
        """
        if len(label.text.encode()) + len(label.notify.encode()) > MAX_WORDS:
            return MerchantRejection.TOO_LONG
        if label.notify and self._destinations.rejection(label.notify):
            return MerchantRejection.URL_INVALID
        known = self._view.labelled(account, asset, label)
        if known and not used(known):
            return known
        address = await self._new_address(account, asset)
        if address is None:
            return MerchantRejection.NO_NETWORK
        notice = [label.notify, label.key] if label.notify else []
        noted = await self._note(Meta(memo={"merchant_label": [account, asset, label.text, address, *notice]}))
        return address if noted else MerchantRejection.UNAVAILABLE

    def arrival(self, key: str) -> Arrival | None:
        """Coins that somebody is told of, by the id that a notice has."""
        return self._view.arrival(key)

    # --- payers -------------------------------------------------------------------------------------------------------------
    async def pay(
        self, order: MerchantOrder, payer: AccountId, meta: Callable[[], Meta] = Meta, *, part: str
    ) -> _core.Outcome | MerchantRejection:
        """Pays what is missing from an account; all of it again where the order may be paid several times.

        `part`: a word that this payment, and nothing but a repetition of it, has; it matters for the latter only.
        `meta` is asked for when the core is. NOT_OPEN, OWN_ORDER; else the core's outcome (INSUFFICIENT_FUNDS, TRANSFER_ID_USED ...).
        """
        if not self._payable(order):
            return MerchantRejection.NOT_OPEN
        if payer == order.account:
            return MerchantRejection.OWN_ORDER
        if order.terms.repeated:
            return await self._funds.pay(order.id, payer, order.account, order.asset, order.amount, meta(), part=part)
        pending, valid = self._view.sums(order.id)
        missing = order.amount - pending - valid
        if missing <= 0:
            return MerchantRejection.NOT_OPEN
        return await self._funds.pay(order.id, payer, order.account, order.asset, missing, meta())

    async def coins(self, order: MerchantOrder) -> str | MerchantRejection:
        """The address to send coins to, the merchant's own; the same whenever it is asked for. NOT_OPEN, NO_NETWORK, UNAVAILABLE."""
        if order.address:
            return order.address
        if not self._payable(order):
            return MerchantRejection.NOT_OPEN
        if order.terms.only_accounts:
            return MerchantRejection.NO_NETWORK
        address = await self._new_address(order.account, order.asset)
        if address is None:
            return MerchantRejection.NO_NETWORK
        noted = await self._note(Meta(memo={"merchant_coins": [order.id, address]}))
        return address if noted else MerchantRejection.UNAVAILABLE

    async def cancel(self, order: MerchantOrder) -> MerchantRejection | None:
        """The payer says no; None when done. NOT_OPEN, BEGUN. An order that may be paid several times stays for the others."""
        if not order.waiting:
            return MerchantRejection.NOT_OPEN
        if order.id in self._ending or order.terms.repeated:
            return None
        if any(self._view.sums(order.id)):
            return MerchantRejection.BEGUN
        return None if await self._end(order.id, PaymentState.CANCELLED) else MerchantRejection.UNAVAILABLE

    async def withdraw(self, order: MerchantOrder) -> MerchantRejection | None:
        """The shop takes it back; None when done. NOT_OPEN; BEGUN when something was paid of it."""
        if not self._payable(order):
            return MerchantRejection.NOT_OPEN
        if not order.terms.repeated and any(self._view.sums(order.id)):
            return MerchantRejection.BEGUN
        return None if await self._end(order.id, PaymentState.CANCELLED) else MerchantRejection.UNAVAILABLE

    async def rotate_secret(self, order: MerchantOrder) -> MerchantRejection | None:
        """Has the order's next secret sign its notices; None when done."""
        noted = await self._note(Meta(memo={"merchant_secret": [order.id, order.rotations + 1]}))
        return None if noted else MerchantRejection.UNAVAILABLE

    # --- moving on ----------------------------------------------------------------------------------------------------------
    async def run_due(self, now: int) -> None:
        """Closes what nobody paid in time, sells what is to be sold, and finishes payments that a crash left between their two steps."""
        if now < self._view.quiet_until():
            return
        self._ending = {key for key in self._ending if (order := self._view.order(key)) is not None and order.waiting}
        for order in self._view.uncredited():
            for payment in self._view.payments(order.id):
                if not payment.valid and not payment.by_coins:
                    # The ledger refuses a second credit, so asking again is harmless.
                    await self._funds.credit(order.id, order.account, order.asset, payment.amount, part=payment.part)
        for order in self._view.overdue(now):
            # Coins on their way are waited for.
            pending, valid = self._view.sums(order.id)
            if not pending and (order.terms.repeated or not valid) and order.id not in self._ending:
                await self._end(order.id, PaymentState.CLOSED)
        unsold = self._view.unsold()
        # What was asked for is durable, or on its way to it, until the view has it: then it is not unsold any more.
        self._selling &= {key for key, *_ in unsold}
        for key, account, market, atoms in unsold:
            if key not in self._selling:
                await self._sell(key, account, market, atoms)

    async def _sell(self, payment: str, account: AccountId, market: MarketId, atoms: int) -> None:
        """Sells what a payment brought, for what the market gives now. What the market will not take stays where it is."""
        spec = next(spec for spec in self._exchange.markets() if spec.id == market)
        if spec.status != MarketStatus.OPEN:
            return
        amount = atoms // spec.base_unit
        code = (await self._funds.sell(payment, account, market, amount)).code if amount else RejectReason.AMOUNT_TOO_SMALL
        if code == RejectReason.JOURNAL_FULL:
            return
        self._selling.add(payment)
        if code != RejectReason.OK:
            await self._note(Meta(memo={"merchant_sold": payment, "code": int(code)}))

    def _payable(self, order: MerchantOrder) -> bool:
        """Whether it is open, also for what is not folded yet."""
        return order.waiting and order.id not in self._ending

    async def _end(self, order: str, state: PaymentState) -> bool:
        self._ending.add(order)
        noted = await self._note(Meta(memo={"merchant_ended": [order, int(state)]}))
        if not noted:
            self._ending.discard(order)
        return noted

    async def acknowledge(self, subject: str, number: int) -> None:
        """Journals that a notice was acknowledged."""
        await self._note(Meta(memo={"merchant_told": [subject, number]}))

    async def _note(self, meta: Meta) -> bool:
        """Whether the note is in the journal."""
        return (await self._commands.note(meta)).outcome.code == RejectReason.OK


def _page_address(url: str) -> bool:
    """Whether a browser can be sent there."""
    try:
        destination_of(url)
    except DestinationRejected:
        return False
    return True
