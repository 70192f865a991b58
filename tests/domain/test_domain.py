"""Values that every package shares agree with the core's numbers."""

import re

import msgspec
import pytest

from cambist import _core
from cambist.domain.commands import CommandKind
from cambist.domain.events import EVERY_KIND, EVERYTHING, EventFilter, commands_of, kinds_of
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfer_ids import keyed_transfer_id, transfer_id


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def test_rejections_are_the_cores_by_number_and_name() -> None:
    own = {reject.value: reject.name for reject in RejectReason if 0 < reject < 900}
    assert own == {code: snake(name) for code, name in _core.REJECTS.items()}


@pytest.mark.parametrize(
    "meta",
    [Meta(), Meta(key_id=7, nonce=2**62), Meta(nonce=-1, tag="ünï"), Meta(memo={"address": "1abc", "n": 3, "deep": {"x": [1]}})],
)
def test_meta_comes_back_as_it_was_written(meta: Meta) -> None:
    assert Meta.decode(meta.encode()) == meta


def test_no_meta_is_the_default_and_foreign_bytes_are_an_error() -> None:
    assert Meta.decode(b"") == Meta()
    with pytest.raises(msgspec.DecodeError):
        Meta.decode(b"\xff\xff")


def test_transfer_ids_are_functions_of_their_parts_alone() -> None:
    assert transfer_id("deposit", "BTC", b"tx", 0) == transfer_id("deposit", "BTC", b"tx", 0)
    different: list[tuple[str | bytes | int, ...]] = [("a", "bc"), ("ab", "c"), ("abc",), (b"abc",), ("1",), (1,), (b"1",), ("",), ()]
    assert len({transfer_id(*parts) for parts in different}) == len(different)
    assert all(0 < transfer_id(*parts) < 2**128 for parts in different)


def test_of_the_commands_only_wanted_ones_and_those_that_have_the_word_in_their_meta_are_told() -> None:
    engine = _core.Engine()
    engine.note(1, b"the word and more")
    engine.open_account(2, b"nothing")
    engine.advance_time(3, b"no word at all")
    engine.open_account(4, b"wor")
    events = engine.take_events()

    def seqs(wanted: EventFilter) -> list[int]:
        return [event.seq for event in wanted.of(events) if isinstance(event, _core.CommandApplied)]

    opening = commands_of(CommandKind.OPEN_ACCOUNT)
    assert seqs(EVERYTHING) == [1, 2, 3, 4]
    assert seqs(EventFilter(commands=opening)) == [2, 4]
    assert seqs(EventFilter(commands=opening, word=b"word")) == [1, 2, 3, 4]
    assert seqs(EventFilter(commands=0, word=b"the word")) == [1]
    assert seqs(EventFilter(commands=0)) == []
    assert seqs(EventFilter(kinds=kinds_of(_core.AccountOpened), word=b"word")) == []


def test_kinds_are_bits_that_the_decoder_takes() -> None:
    engine = _core.Engine()
    engine.create_asset(1, "BTC", 8, 8)
    engine.open_account(1)
    events = engine.take_events()
    everything = _core.decode_events(events, EVERY_KIND)
    assert [type(event) for event in everything] == [_core.CommandApplied, _core.AssetCreated, _core.CommandApplied, _core.AccountOpened]
    assert [type(event) for event in _core.decode_events(events, kinds_of(_core.AccountOpened))] == [_core.AccountOpened]
    assert _core.decode_events(events, 0) == []
    with pytest.raises(ValueError, match="no event at byte"):
        _core.decode_events(events[:-1], 0)


def test_the_ids_of_coupons_stay_what_journals_hold() -> None:
    """Computed by the first program that made coupons."""
    assert keyed_transfer_id("coupon create", bytes(32)) == 248441458703583484771333222226177020735
    assert keyed_transfer_id("coupon redeem", bytes(32)) == 122657852856477289011549007832658801441
