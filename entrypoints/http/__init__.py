"""The HTTP door: falcon resources over the use cases, and the server that runs them."""
