"""Solana, played: a chain on its own virtual machine, its nodes' JSON-RPC, and two venues' HTTP APIs."""
