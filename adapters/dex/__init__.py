"""The venues' adapters."""
