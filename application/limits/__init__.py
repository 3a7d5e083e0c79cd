"""How much a client may ask for: token buckets in each process, which share one limit over all processes."""
