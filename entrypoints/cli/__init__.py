"""The command `order-engine`: the processes, and what operators do to the queue and to single orders."""

from entrypoints.cli.app import main

__all__ = ["main"]
