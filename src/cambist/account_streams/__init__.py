"""What durable frames did to single accounts: the source of private pushes."""
