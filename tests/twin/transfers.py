"""Money that moves without a trade."""

from tests.twin.column import Column, first_rejection
from tests.twin.commands import PostTransfer, Transfer, VoidTransfer
from tests.twin.events import Outcome, TransferPending, TransferPosted, TransferVoided
from tests.twin.state import Pending, State
from tests.twin.words import MAX_ATOMS, U64_MAX, WORLD, WORLD_MAY_OWE, Business, Code


def transfer(state: State, command: Transfer) -> Outcome:
    code = first_rejection(_transfer_rejections(state, command))
    if code:
        return Outcome(code)
    state.used_transfer_ids.add(command.transfer_id)
    move = Pending(command.transfer_id, command.source, command.destination, command.asset, command.kind, command.amount)
    if not command.pending:
        _emit_posted(state, move, was_pending=False)
        first_entry = _change(state, move, move.source, available=-move.amount)
        _change(state, move, move.destination, available=move.amount)
        return Outcome(id=first_entry)
    state.pending[move.transfer_id] = move
    state.emit(TransferPending(move.transfer_id, move.source, move.destination, move.asset, move.kind, move.amount))
    return Outcome(id=_change(state, move, move.source, available=-move.amount, held=move.amount))


def _transfer_rejections(state: State, command: Transfer) -> Column:
    yield command.source >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.destination >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.source == command.destination, Code.SAME_ACCOUNT
    yield command.asset >= len(state.assets), Code.ASSET_NOT_FOUND
    yield not 1 <= command.kind <= 8, Code.ENUM_INVALID
    yield command.pending > 1, Code.ENUM_INVALID
    yield not 1 <= command.amount <= MAX_ATOMS, Code.TRANSFER_AMOUNT_INVALID
    yield command.transfer_id == 0, Code.TRANSFER_ID_USED
    yield command.transfer_id in state.used_transfer_ids, Code.TRANSFER_ID_USED
    available = state.available(command.source, command.asset)
    yield command.source != WORLD and available < command.amount, Code.INSUFFICIENT_FUNDS
    yield command.source == WORLD and available - command.amount < -WORLD_MAY_OWE, Code.WORLD_LIMIT


def _change(state: State, move: Pending, account: int, *, available: int = 0, held: int = 0) -> int:
    return state.change(account, move.asset, Business.TRANSFER, move.transfer_id & U64_MAX, available=available, held=held)


def _emit_posted(state: State, move: Pending, *, was_pending: bool) -> None:
    state.emit(TransferPosted(move.transfer_id, move.source, move.destination, move.asset, move.kind, was_pending, move.amount))


def post_transfer(state: State, command: PostTransfer) -> Outcome:
    code = first_rejection(_pending_rejections(state, command.transfer_id))
    if code:
        return Outcome(code)
    move = state.pending.pop(command.transfer_id)
    _emit_posted(state, move, was_pending=True)
    first_entry = _change(state, move, move.source, held=-move.amount)
    _change(state, move, move.destination, available=move.amount)
    return Outcome(id=first_entry)


def void_transfer(state: State, command: VoidTransfer) -> Outcome:
    code = first_rejection(_pending_rejections(state, command.transfer_id))
    if code:
        return Outcome(code)
    move = state.pending.pop(command.transfer_id)
    state.emit(TransferVoided(move.transfer_id, move.source, move.destination, move.asset, move.kind, move.amount))
    return Outcome(id=_change(state, move, move.source, available=move.amount, held=-move.amount))


def _pending_rejections(state: State, transfer_id: int) -> Column:
    yield transfer_id not in state.used_transfer_ids, Code.TRANSFER_NOT_FOUND
    yield transfer_id not in state.pending, Code.TRANSFER_NOT_PENDING
