"""The parts of the load generator, most without an engine."""
