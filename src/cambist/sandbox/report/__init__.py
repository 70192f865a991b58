"""What a bot did in a sandbox, and what it did wrong: read from the journal, and from the log of its requests."""
