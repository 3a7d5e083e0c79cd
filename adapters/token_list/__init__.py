"""Tokens from a file in the Token Lists format."""
