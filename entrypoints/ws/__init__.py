"""The WebSocket door: live frames of an order."""
