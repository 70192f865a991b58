"""Signatures of requests, checked natively: HMACs as `hmac` makes them, and the rule for requests that say when they were made."""

import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cambist import _core

DIGESTS = ("sha256", "sha384", "sha512")
SECRET = b"0123456789abcdef" * 4
NOW = 1_796_035_689_970_098
WINDOW = 30_000_000
BODY = b'{"price":"1"}'
RULE = _core.SignedRequests(b"cambist-timestamp", b"cambist-signature", WINDOW)
KEY = _core.HmacKey("sha256", SECRET)


@given(digest=st.sampled_from(DIGESTS), secret=st.binary(max_size=300), message=st.binary(max_size=300))
@example(digest="sha512", secret=bytes(128), message=b"")
@example(digest="sha512", secret=bytes(129), message=bytes(111))
def test_an_hmac_is_that_of_rfc_2104(digest: str, secret: bytes, message: bytes) -> None:
    key, right = _core.HmacKey(digest, secret), hmac.digest(secret, message, digest)
    assert key.mac(message) == right
    assert key.verify(message, right)
    assert key.verify_hex(message, right.hex().encode())
    assert key.mac(message) == right, "a key is not used up"


@pytest.mark.parametrize("digest", ["md5", "SHA256", ""])
def test_other_digests_are_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="sha256, sha384 or sha512"):
        _core.HmacKey(digest, SECRET)


@given(digest=st.sampled_from(DIGESTS), bit=st.integers(0, 255))
def test_an_hmac_with_another_bit_is_wrong(digest: str, bit: int) -> None:
    key = _core.HmacKey(digest, SECRET)
    wrong = bytearray(key.mac(BODY))
    wrong[bit // 8] ^= 1 << bit % 8
    assert not key.verify(BODY, bytes(wrong))
    assert not key.verify_hex(BODY, wrong.hex().encode())


@pytest.mark.parametrize("change", [bytes.upper, lambda text: text[:-1], lambda text: text[:-2], lambda text: text + b"00",
                                    lambda text: text * 3, lambda _text: b"", lambda text: b" " + text[1:],
                                    lambda text: b"\xe9" + text[1:]])  # fmt: skip
def test_hex_digits_that_are_not_as_they_must_be(change: object) -> None:
    assert callable(change)
    assert not KEY.verify_hex(BODY, change(KEY.mac(BODY).hex().encode()))


# --- requests that say when they were made ---------------------------------------------------------------------------------------


def fields(timestamp: bytes, path: str = "/orders", query: bytes = b"a=1") -> dict[bytes, bytes]:
    """The header fields of a POST, rightly signed."""
    message = b"\n".join((timestamp, b"POST", path.encode("latin-1"), query, BODY))
    return {b"cambist-timestamp": timestamp, b"cambist-signature": hmac.digest(SECRET, message, "sha256").hex().encode(), b"x": b"y"}


def nonce(headers: dict[bytes, bytes], path: str = "/orders") -> int:
    return RULE.hmac_nonce(KEY, headers, "POST", path, b"a=1", BODY, NOW)


@pytest.mark.parametrize("path", ["/orders", "/\xe9\xff"])
def test_the_nonce_follows_from_the_hmac(path: str) -> None:
    headers = fields(b"%d" % NOW, path)
    first = int(headers[b"cambist-signature"][:16], 16)
    assert nonce(headers, path) == -1 - first % ((1 << 63) - 1)


@given(digest=st.binary(min_size=8, max_size=64))
@example(digest=bytes(8))
@example(digest=b"\xff" * 8)
@example(digest=b"\x7f" + b"\xff" * 7)
def test_a_nonce_is_a_once_only_one(digest: bytes) -> None:
    found = RULE.nonce(digest, {b"cambist-timestamp": b"%d" % NOW}, NOW)
    assert found == -1 - int.from_bytes(digest[:8], "big") % ((1 << 63) - 1)
    assert -(1 << 63) < found < 0


@pytest.mark.parametrize(
    ("timestamp", "right"),
    [
        (b"%d" % NOW, True),
        (b"%d" % (NOW + WINDOW), True),
        (b"%d" % (NOW - WINDOW), True),
        (b"%d" % (NOW + WINDOW + 1), False),
        (b"%d" % (NOW - WINDOW - 1), False),
        (b"0%d" % NOW, True),
        (b"00%d" % NOW, False),
        (b"+%d" % NOW, False),
        (b"-%d" % NOW, False),
        (b" %d" % NOW, False),
        (b"%d.0" % NOW, False),
        ("\u0661".encode(), False),
        (b"9" * 17, False),
        (b"0", False),
        (b"", False),
    ],
)
def test_a_timestamp_counts_within_the_window(timestamp: bytes, right: bool) -> None:
    found = nonce(fields(timestamp))
    assert found < 0 if right else found == 1
    assert RULE.nonce(bytes(32), {b"cambist-timestamp": timestamp}, NOW) == (-1 if right else 1)


def test_a_timestamp_that_is_missing_is_signed_as_an_empty_one() -> None:
    headers = fields(b"")
    del headers[b"cambist-timestamp"]
    assert nonce(headers) == 1
    assert RULE.message(headers, "GET", "/a", b"b", b"c") == b"\nGET\n/a\nb\nc"


@pytest.mark.parametrize("timestamp", [b"%d" % NOW, b"0", b""])
def test_a_wrong_signature_is_said_first(timestamp: bytes) -> None:
    headers = fields(timestamp)
    assert nonce(headers, "/orders/") == 0
    assert nonce({**headers, b"cambist-timestamp": b"%d" % (NOW + 1)}) == 0
    assert nonce({**headers, b"cambist-signature": headers[b"cambist-signature"].upper()}) == 0
    del headers[b"cambist-signature"]
    assert nonce(headers) == 0


def test_what_is_signed_is_five_lines() -> None:
    headers = {b"cambist-timestamp": b"12"}
    assert RULE.message(headers, "GET", "/\xe9", b"a=b", b"body\n") == b"12\nGET\n/\xe9\na=b\nbody\n"
