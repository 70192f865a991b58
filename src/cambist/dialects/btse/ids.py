"""Order and trade ids as UUIDs, and back, without a table.

A UUID of version 8 (RFC 9562: a layout of one's own) has 122 free bits: the core's 64-bit number, scrambled so that neighbours do not look
alike, and 58 check bits that follow from it. So every number has exactly one UUID of each kind, and all but one in 2^58 of the other
UUIDs are seen to be nobody's. Nothing is secret here: whose an order is, the core says.
"""

import re

_M64 = (1 << 64) - 1
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # splitmix64's finalizer: every bit of the number reaches every bit
_FIRST_BACK, _SECOND_BACK = pow(_FIRST, -1, 1 << 64), pow(_SECOND, -1, 1 << 64)
_FORM = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-8[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}")
_CHECK = 0x2545F4914F6CDD1D


def _mix(number: int) -> int:
    number = (number ^ number >> 30) * _FIRST & _M64
    number = (number ^ number >> 27) * _SECOND & _M64
    return number ^ number >> 31


def _unmix(number: int) -> int:
    number = (number ^ number >> 31 ^ number >> 62) * _SECOND_BACK & _M64
    number = (number ^ number >> 27 ^ number >> 54) * _FIRST_BACK & _M64
    return number ^ number >> 30 ^ number >> 60


class UuidForm:
    """The bijection between the numbers of one kind (0..2^64-1) and their UUIDs."""

    __slots__ = ("_salt",)

    def __init__(self, salt: int) -> None:
        self._salt = salt

    def text(self, number: int) -> str:
        """The UUID of a core's number, lower case with dashes."""
        bits = _mix(number ^ self._salt) << 58 | _mix(number * 3 + self._salt * _CHECK & _M64) >> 6
        digits = f"{bits >> 74 << 80 | 8 << 76 | (bits >> 62 & 0xFFF) << 64 | 2 << 62 | bits & (1 << 62) - 1:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def number(self, text: str) -> int | None:
        """The number whose UUID this is, None when it is nobody's. Case does not count."""
        if not _FORM.fullmatch(text):
            return None
        value = int(text.replace("-", ""), 16)
        bits = value >> 80 << 74 | (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1
        number = _unmix(bits >> 58) ^ self._salt
        return number if self.text(number) == text.lower() else None


ORDER_IDS = UuidForm(0x6F72646572)
TRADE_IDS = UuidForm(0x7472616465)
