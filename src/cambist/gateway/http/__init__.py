"""HTTP/1.x connections."""
