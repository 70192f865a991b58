"""What a dialect is built with: messages, routes, sockets, limits, and the venue's services."""
