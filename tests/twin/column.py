"""Rejections as one column, read top to bottom."""

from collections.abc import Iterator

from tests.twin.words import Code

Column = Iterator[tuple[bool, Code]]
"""(is this wrong?, the rejection) in the order of the page.

Columns are generators: a line may lean on everything above it being right, because it is never reached otherwise.
"""


def first_rejection(column: Column) -> Code:
    return next((code for is_wrong, code in column if is_wrong), Code.OK)
