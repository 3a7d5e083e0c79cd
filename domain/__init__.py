"""The pure core: what an order is and how it moves. No I/O, no clock, no chance of its own."""
