"""Black-box checks against a running engine."""
