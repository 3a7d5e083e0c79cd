"""Tries out a venue: rule by rule, whether it keeps what docs/venue-http.md asks of it."""
