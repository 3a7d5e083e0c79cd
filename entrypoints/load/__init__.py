"""`order-engine load`: many orders at once, and how the engine bore it."""
