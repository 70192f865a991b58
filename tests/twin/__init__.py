"""The core's twin: a second implementation of docs/internals/core.md, written from that page alone.

It is the oracle that the native core is compared to after every step of the property tests. It is slow on purpose: lists that are
sorted whenever they are asked, rejections as one column in the page's order, nothing cached and nothing clever.
"""

from tests.twin.engine import Twin, apply

__all__ = ["Twin", "apply"]
