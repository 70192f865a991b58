"""What history and directory share where they are kept in PostgreSQL."""
