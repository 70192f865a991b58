"""Addresses, as the networks write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist.wallet.addresses import FORMS, base58, from_base58

# The genesis block's key hash, by hand from its well-known address; and EIP-55's own examples.
GENESIS = bytes.fromhex("62e907b15cbf27d5425399ebf6f0fb50ebb88f18")
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


def test_the_best_known_address() -> None:
    assert FORMS["BTC"].write(GENESIS) == "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"


@pytest.mark.parametrize("address", EIP_55)
def test_the_examples_of_eip_55(address: str) -> None:
    assert FORMS["ETH"].write(bytes.fromhex(address[2:])) == address
    assert FORMS["ETH"].valid(address)


@pytest.mark.parametrize(
    ("asset", "address", "valid"),
    [
        ("BTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", True),
        ("BTC", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG", True),  # pays a script
        ("BTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyU", False),  # last character off
        ("BTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpy", False),
        ("BTC", " 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", False),
        ("BTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT\n", False),
        ("BTC", "11BoatSLRHtKNngkdXEeobR76b53LETtpyT", False),
        ("BTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpy0", False),  # 0 is no digit of base 58
        ("BTC", "", False),
        ("BTC", "1" * 10_000, False),
        ("BTC", "١" * 34, False),
        ("LTC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", False),  # another network's
        ("BCC", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", True),  # the fork kept the form
        ("ETH", EIP_55[4], True),
        ("ETH", EIP_55[4].lower(), True),
        ("ETH", "0x" + EIP_55[4][2:].upper(), True),
        ("ETH", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", False),  # one letter's case off
        ("ETH", EIP_55[4][2:], False),
        ("ETH", EIP_55[4] + "0", False),
        ("ETH", EIP_55[4] + "\n", False),
    ],
)
def test_what_is_an_address(asset: str, address: str, valid: bool) -> None:
    assert FORMS[asset].valid(address) is valid


@pytest.mark.parametrize(("asset", "first"), [("BTC", "1"), ("BCC", "1"), ("LTC", "L"), ("BTG", "G"), ("DSH", "X"), ("ETH", "0x")])
def test_people_know_a_network_by_the_first_letter(asset: str, first: str) -> None:
    assert FORMS[asset].write(GENESIS).startswith(first)


@given(key_hash=st.binary(min_size=20, max_size=20), asset=st.sampled_from(sorted(FORMS)))
def test_what_is_written_is_valid(key_hash: bytes, asset: str) -> None:
    assert FORMS[asset].valid(FORMS[asset].write(key_hash))


@given(raw=st.binary(min_size=1, max_size=25))
def test_base_58_goes_both_ways(raw: bytes) -> None:
    assert from_base58(base58(raw)) == raw


@given(key_hash=st.binary(min_size=20, max_size=20), place=st.integers(1, 25), webhook=st.sampled_from("23456789ABCDEFGHJKLMNPQRSTUVWXYZ"))
def test_one_wrong_character_is_noticed(key_hash: bytes, place: int, webhook: str) -> None:
    address = FORMS["BTC"].write(key_hash)
    wrong = address[:place] + webhook + address[place + 1 :]
    assert FORMS["BTC"].valid(wrong) is (wrong == address)
