"""The queue and the live feed on Redis 6.2 or newer, or Valkey."""
