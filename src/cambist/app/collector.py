"""Python's garbage collector while a process starts: it would walk the modules again and again, and they stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def imports_kept() -> Iterator[None]:
    """What is made inside, and before, is never walked by the collector again. For imports: their cycles live as long as the process."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
