"""The whole engine on one machine, for development: one process, with private servers where none are named."""
