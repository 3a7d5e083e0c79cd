"""Venues that speak the HTTP of docs/adding-a-venue.md."""
