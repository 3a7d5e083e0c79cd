"""Venues within the process, made up."""
