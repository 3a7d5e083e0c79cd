"""The ports' implementations, one folder a technology; none imports another."""
