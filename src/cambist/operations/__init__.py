"""What an operator can do with a venue: typed use cases that the command line, the admin socket and an HTTP API share."""
