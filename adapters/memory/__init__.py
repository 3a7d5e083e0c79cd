"""All ports in one process's memory, for tests and for running without servers."""
