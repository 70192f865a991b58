"""The HTTP and WebSocket server: routing by path, limits, the durability barrier, metrics and health. It knows no dialect's fields."""
