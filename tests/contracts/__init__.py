"""One contract suite a port, run for every adapter."""
