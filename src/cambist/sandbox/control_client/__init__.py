"""How programs call the control API of a sandbox that runs."""
