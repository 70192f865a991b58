"""Numbers that people write, in whole units, and what is wrong with one that cannot be taken."""

from cambist import _core


def units_of(text: str, scale: int, largest: int, *, zero: bool = False) -> int | str:
    """Units of 10^-scale in a decimal text, from 1 (with `zero` from 0) to `largest`; else why not, as what goes on behind the text."""
    number = text.strip()
    negative = number.startswith("-")
    try:
        units = _core.parse_units(number[1:] if negative else number, scale)
    except ValueError as error:
        words = str(error)
        if words.startswith("not a"):
            return "is no decimal number" if scale else "is no whole number"
        if words.startswith("more than") and not negative:
            return f"has more than {scale} decimals" if scale else "is no whole number"
        units = largest + 1
    if negative and units:
        return "is below zero"
    if units > largest:
        return f"is too large: at most {_core.format_units(largest, scale)}"
    return units if units or zero else "is not above zero"
