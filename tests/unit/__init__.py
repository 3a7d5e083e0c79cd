"""Unit tests: no server, no sleep."""
