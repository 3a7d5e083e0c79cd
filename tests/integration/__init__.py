"""Tests on real Postgres and Redis."""
