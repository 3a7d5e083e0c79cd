"""What benchmarks are made of: light clients, and processes of ours beside the engine's."""
