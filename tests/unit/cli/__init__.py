"""The command line's parts, without an engine."""
