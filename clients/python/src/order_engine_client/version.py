"""Which version this is: the engine's that it comes with."""

VERSION = "0.1.0"
