"""Signers: a key in a file, plain or sealed, and one behind HTTP."""
