"""Whether a request comes from a program on the same machine."""

from __future__ import annotations

import ipaddress

from cambist.dialect_kit.messages import Request

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""What a program on this machine calls it. A page of another site that has its name lead here (DNS rebinding) calls it otherwise."""


def from_this_machine(request: Request) -> bool:
    """Whether it comes from a loopback address, and names this machine as its host."""
    host = request.headers.get(b"host", b"").decode("latin-1").lower()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    try:
        near = ipaddress.ip_address(request.client).is_loopback
    except ValueError:
        near = False
    return near and name in HOSTS
