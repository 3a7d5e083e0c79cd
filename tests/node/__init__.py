"""Tests of the TypeScript client in Node, against real engines; run by name: `make client-node`."""
