"""Venues that speak the HTTP of docs/venue-http.md."""
