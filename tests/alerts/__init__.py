"""Prometheus and Alertmanager watch an engine, in which one thing after the other is killed: `make alerts`."""
