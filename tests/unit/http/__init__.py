"""The API over HTTP, on a real server and in-memory adapters."""
