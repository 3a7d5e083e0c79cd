"""Traces by OpenTelemetry's protocol."""
