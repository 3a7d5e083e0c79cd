"""The mock venues as a process of their own: HTTP, a ledger on disk, and faults by seed."""
