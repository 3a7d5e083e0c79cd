"""The Solana simulator's process."""
