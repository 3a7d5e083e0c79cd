"""WebSockets: live frames of one order, and of all."""
