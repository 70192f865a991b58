"""Says whether a server could listen on a port of this machine, before anything is built: check_port.py PORT."""

import errno
import socket
import sys


def complaint(text: str) -> str:
    """Why a server cannot listen on 127.0.0.1 at this port; empty when it can. Port 0 stands for any free one."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        return f"PORT={text} is no port: a number from 0 to 65535."
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", int(text)))
            tried.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"Port {text} is taken: stop what listens there, or choose another: make run PORT={int(text) % 65535 + 1}"
            return f"Port {text} cannot be listened on: {error.strerror}. Choose another, as in make run PORT=8701"
    return ""


if __name__ == "__main__":
    sys.exit(complaint(sys.argv[1]) or 0)
