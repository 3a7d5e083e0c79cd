"""What generators of clients make of openapi.yaml, run against an engine: `make generators`."""
