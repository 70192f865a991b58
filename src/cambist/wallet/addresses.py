"""Address forms: base58check with a version byte, and Ethereum's hexadecimal with its mixed-case checksum (EIP-55)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from Crypto.Hash import keccak

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: digit for digit, character in enumerate(_ALPHABET)}
_HASH_BYTES = 20
_LONGEST_BASE58 = 40


class AddressForm(Protocol):
    """How one network writes the 20-byte hash of a key."""

    def write(self, key_hash: bytes) -> str:
        """The address of a 20-byte hash."""

    def valid(self, text: str) -> bool:
        """Whether the text is such an address."""


@dataclass(frozen=True, slots=True)
class Base58Check:
    """One version byte, 20 bytes, four bytes of double SHA-256. `version` is written, `also` (scripts, older bytes) is accepted too."""

    version: int
    also: frozenset[int] = frozenset()

    def write(self, key_hash: bytes) -> str:
        payload = bytes([self.version]) + key_hash
        return base58(payload + _checksum(payload))

    def valid(self, text: str) -> bool:
        raw = from_base58(text)
        if raw is None or len(raw) != 1 + _HASH_BYTES + 4:
            return False
        payload, checksum = raw[:-4], raw[-4:]
        return _checksum(payload) == checksum and (payload[0] == self.version or payload[0] in self.also)


@dataclass(frozen=True, slots=True)
class EthereumHex:
    """`0x` and 40 hex digits whose case carries the checksum; all lower or all upper case is accepted as unchecked, as wallets do."""

    def write(self, key_hash: bytes) -> str:
        digits = key_hash.hex()
        seal = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
        return "0x" + "".join(digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(digits, seal, strict=False))

    def valid(self, text: str) -> bool:
        if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text, re.ASCII):
            return False
        digits = text[2:]
        return digits in (digits.lower(), digits.upper()) or text == self.write(bytes.fromhex(digits))


FORMS: dict[str, AddressForm] = {
    # Version bytes as each network's chain parameters give them: the first for keys, `also` for scripts.
    "BTC": Base58Check(0x00, frozenset({0x05})),
    "BCC": Base58Check(0x00, frozenset({0x05})),
    "BTG": Base58Check(0x26, frozenset({0x17})),
    "LTC": Base58Check(0x30, frozenset({0x32, 0x05})),
    "NMC": Base58Check(0x34, frozenset({0x0D})),
    "NVC": Base58Check(0x08, frozenset({0x14})),
    "PPC": Base58Check(0x37, frozenset({0x75})),
    "TRC": Base58Check(0x00, frozenset({0x05})),
    "FTC": Base58Check(0x0E, frozenset({0x05, 0x60})),
    "XPM": Base58Check(0x17, frozenset({0x53})),
    "DSH": Base58Check(0x4C, frozenset({0x10})),
    "ETH": EthereumHex(),
}
"""By asset code. An asset that is not here has no network (money of states)."""


def base58(raw: bytes) -> str:
    """Bitcoin's base 58; each leading zero byte is a `1`."""
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def from_base58(text: str) -> bytes | None:
    """The bytes again, None when the text is no base 58 or longer than any address."""
    if not 0 < len(text) <= _LONGEST_BASE58 or any(character not in _DIGITS for character in text):
        return None
    number = 0
    for character in text:
        number = number * 58 + _DIGITS[character]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
