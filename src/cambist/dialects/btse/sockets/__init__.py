"""BTSE's sockets."""
