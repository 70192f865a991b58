"""Exact number texts, on Python's own unbounded integers."""

import re

NUMBER = re.compile(r"\+?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,6}))?", re.ASCII)
PARSED_BELOW = 2**96


def format_units(value: int, scale: int, digits: int = -1) -> str:
    """Text of value * 10^-scale: shortest when `digits` is negative, else with exactly so many decimals, cut toward zero."""
    whole, fraction = divmod(abs(value), 10**scale)
    decimals = str(fraction).rjust(scale, "0") if scale else ""
    decimals = decimals.rstrip("0") if digits < 0 else decimals[:digits].ljust(digits, "0")
    text = f"{whole}.{decimals}" if decimals else str(whole)
    return f"-{text}" if value < 0 and text.strip("0.") else text


def parse_units(text: str, scale: int) -> int:
    """The integer of that scale. ValueError for anything that is no non-negative decimal text, too fine, or too large."""
    match = NUMBER.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        raise ValueError(f"not a number: {text!r}")
    mantissa, exponent = match.group(1), int(match.group(2) or "0")
    whole, _, decimals = mantissa.partition(".")
    digits = (whole + decimals).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    zeros = len(digits) - len(significant) - len(decimals) + exponent + scale
    if zeros < 0:
        raise ValueError(f"more than {scale} decimals: {text!r}")
    if len(significant) + zeros > len(str(PARSED_BELOW)) or int(significant + "0" * zeros) >= PARSED_BELOW:
        raise ValueError(f"too large: {text!r}")
    return int(significant + "0" * zeros)
