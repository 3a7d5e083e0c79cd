"""The WebSocket door: live frames of one order, and of all."""
