"""Benchmarks on real servers, processes and clients, each figure beside a reference of the same run: `make bench`."""
