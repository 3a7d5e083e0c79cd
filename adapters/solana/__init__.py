"""Swaps on Solana: its nodes, what they say of a transaction, and the venues there."""
