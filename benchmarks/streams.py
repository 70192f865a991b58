"""The W10k stream, made once per process: drawing a million commands through the core takes seconds."""

from __future__ import annotations

from functools import cache

from benchmarks import w10k


@cache
def w10k_stream() -> w10k.Stream:
    return w10k.make(w10k.W10K)
