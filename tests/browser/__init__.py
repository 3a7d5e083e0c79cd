"""The live console in a real browser, on a real engine."""
