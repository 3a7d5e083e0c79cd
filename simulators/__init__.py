"""The outside world, played for trying and testing: what the engine meets over a network. Knows the domain at most."""
