"""The queue and the live feed on Redis 7.0 or newer, or Valkey."""
