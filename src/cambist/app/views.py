"""The files beside the journal: identity, and what is folded from the journal; each knows how far it has come."""

from __future__ import annotations  # Event is a name of the stub only

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from cambist import _core
from cambist.app import provenance
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.history_places import HistoryPlace, history_place
from cambist.app.merchants import open_merchant_view
from cambist.app.shared_directory import database_of, is_shared, open_coin_network, open_directory
from cambist.directory import Directory
from cambist.domain.meta import Meta
from cambist.exchange.journal_port import JournalPort
from cambist.merchant.view import MerchantView
from cambist.wallet import SimulatedChain, WalletBusy, WalletError
from cambist.wallet.view import WalletView

if TYPE_CHECKING:
    from cambist.app.wiring import Environment

_log = structlog.get_logger("cambist.app")


@dataclass(frozen=True, slots=True)
class Views:
    """Everything that is open on the data directory beside the journal."""

    directory: Directory
    chain: SimulatedChain
    wallet: WalletView
    merchant: MerchantView
    history: HistoryPlace

    @property
    def applied_seq(self) -> int:
        """Every command up to here is in all views that are fed at the start. History catches up by itself."""
        return min(self.directory.nonces.applied_seq, self.wallet.applied_seq, self.merchant.applied_seq)

    def feed(self, events: Sequence[_core.Event]) -> None:
        """Folds the events of commands after `applied_seq`, in order."""
        self.wallet.apply(events)
        self.merchant.apply(events)
        apply_to_directory(self.directory, events)


def open_views(files: DataDirectory, config: Config, environment: Environment, journal: JournalPort, opened: ExitStack) -> Views:
    """Opens them all, each entered into `opened`. OperatorError BUSY, DAMAGED: missing, broken, or of another journal."""
    directory = open_directory(files, config, environment)
    opened.callback(directory.close)
    chain, wallet = _open_wallet(files, config, environment, opened)
    merchant = open_merchant_view(files)
    opened.callback(merchant.close)
    _claim_views(files, config, journal, directory, wallet, merchant)
    history = history_place(files, config.history)
    opened.callback(history.writes.close)
    return Views(directory, chain, wallet, merchant, history)


def _open_wallet(files: DataDirectory, config: Config, environment: Environment, opened: ExitStack) -> tuple[SimulatedChain, WalletView]:
    chain = open_coin_network(files, config, environment)
    opened.callback(chain.close)
    view = open_wallet_view(files)
    opened.callback(view.close)
    return chain, view


def open_wallet_view(files: DataDirectory) -> WalletView:
    """What `wallet.sqlite` holds. OperatorError BUSY, DAMAGED."""
    try:
        return WalletView(files.wallet, synced=files.synced)
    except WalletError as error:
        raise OperatorError(str(error), Exit.BUSY if isinstance(error, WalletBusy) else Exit.DAMAGED) from None


def _claim_views(
    files: DataDirectory, config: Config, journal: JournalPort, directory: Directory, wallet: WalletView, merchants: MerchantView
) -> None:
    """OperatorError DAMAGED when one of the files was folded from another venue's journal; before any is fed from this one's.
    History looks by itself when it is opened, which may be later."""
    place = f"{database_of(files, config)}" if is_shared(config) else f"{files.directory}"
    if is_shared(config) and directory.nonces.folded_from == 0 and journal.last().seq:
        raise OperatorError(
            f"{place} has no directory yet, and the journal has commands: people would be cut off their money. "
            f"Put the venue's there: cambist cluster move-directory --data {files.path}",
            Exit.DAMAGED,
        )
    provenance.claim(directory.nonces, place, journal, "Its users and keys cannot be made again: put this venue's back")
    rebuild = f"`cambist rebuild --data {files.path}` makes it again"
    for view, file in ((wallet, files.wallet), (merchants, files.merchant)):
        provenance.claim(view, str(file), journal, rebuild)


def apply_to_directory(directory: Directory, events: Sequence[_core.Event], *, live: bool = False) -> None:
    """What was journaled stays so: a used nonce after a crash, and whoever was shut out when an older copy of the directory is put back."""
    known = directory.nonces.applied_seq
    for event in events:
        if isinstance(event, _core.CommandApplied) and event.seq > known:
            meta = Meta.decode(event.meta)
            # While a node follows, whoever leads tells a directory that both share; and this is the event loop's thread.
            if meta.memo and not (live and directory.shared) and (missed := directory.apply_mark(meta.memo)) is not None:
                _log.warning("the directory is an older copy", seq=event.seq, done=missed)
            directory.nonces.apply(meta.key_id, meta.nonce, event.seq, event.time)
