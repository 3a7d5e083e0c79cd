"""The checker: a fleet under load in which everything dies at random, and a verdict from outside: docs/chaos.md."""
