"""Long runs that look for what grows: `make soak`, not part of the usual tests."""
