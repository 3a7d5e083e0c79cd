"""The WebSockets, on a real server and in-memory adapters."""
