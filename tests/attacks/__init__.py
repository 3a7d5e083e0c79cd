"""Attacks on a running server by one connection, and what they cost: `python -m tests.attacks`."""
