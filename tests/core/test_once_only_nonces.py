"""Nonces that a key may use once, in any order."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist import _core

LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1


def run(*nonces: int) -> bytes:
    return array("q", nonces).tobytes()


@given(steps=st.lists(st.tuples(st.integers(1, 3), st.integers(-6, -1)), max_size=40), most=st.integers(1, 5))
def test_a_nonce_passes_once_while_its_key_has_room(steps: list[tuple[int, int]], most: int) -> None:
    nonces, used = _core.OnceOnlyNonces(most), dict[int, list[int]]()
    for key, nonce in steps:
        own = used.get(key, [])
        passes = nonce not in own and len(own) < most
        assert nonces.use(key, nonce) is passes
        if passes:
            used.setdefault(key, []).append(nonce)
    assert sorted(nonces.key_ids()) == sorted(used)
    assert nonces.take_newest() == {key: run(*own) for key, own in used.items()}
    assert nonces.take_newest() == {}
    for key, own in used.items():
        assert not any(nonces.use(key, nonce) for nonce in own)
        nonces.forget(key, run(*own))
    assert nonces.key_ids() == []
    assert all(nonces.use(key, own[0]) for key, own in used.items())


@pytest.mark.parametrize("nonce", [LOWEST + 1, -1, 0, HIGHEST])
def test_the_ends_of_the_range(nonce: int) -> None:
    nonces = _core.OnceOnlyNonces(9)
    assert [nonces.use(1, nonce), nonces.use(1, nonce)] == [True, False]


@pytest.mark.parametrize("nonce", [LOWEST, LOWEST - 1, HIGHEST + 1, -(1 << 100)])
def test_what_is_no_nonce_never_passes(nonce: int) -> None:
    nonces = _core.OnceOnlyNonces(9)
    assert not nonces.use(1, nonce)
    assert nonces.key_ids() == []
    assert nonces.take_newest() == {}


def test_what_was_accepted_before_is_remembered_beyond_the_room() -> None:
    nonces = _core.OnceOnlyNonces(1)
    nonces.load(1, run(-1, -2, -3))
    for nonce in (-4, -4, -1):
        nonces.remember(1, nonce)
    assert not any(nonces.use(1, nonce) for nonce in (-1, -2, -3, -4, -5))
    assert nonces.take_newest() == {1: run(-4)}, "what was loaded was taken before"


def test_forgetting_what_is_not_there_changes_nothing() -> None:
    nonces = _core.OnceOnlyNonces(9)
    assert nonces.use(1, -1)
    nonces.forget(1, run(-2))
    nonces.forget(2, run(-1))
    assert not nonces.use(1, -1)
    assert nonces.key_ids() == [1]


@pytest.mark.parametrize("torn", [b"1234567", bytes(9)])
def test_a_run_of_torn_nonces_is_refused(torn: bytes) -> None:
    nonces = _core.OnceOnlyNonces(9)
    assert nonces.use(1, -1)
    for take in (nonces.load, nonces.forget):
        with pytest.raises(ValueError, match="eight bytes"):
            take(1, torn)
