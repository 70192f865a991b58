"""Mt.Gox's stream: plain WebSocket and socket.io."""
