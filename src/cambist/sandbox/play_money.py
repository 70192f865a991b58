"""How every reply of a sandbox says that its money is worth nothing."""

FIELDS = ((b"x-cambist-sandbox", b"play money"),)
"""Header fields of every reply, the opening handshakes of sockets included."""
LINES = b"".join(b"%b: %b\r\n" % field for field in FIELDS)
"""The same as they are sent."""
