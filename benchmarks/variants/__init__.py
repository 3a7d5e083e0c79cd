"""The engine with one part exchanged, each as a process of its own: what the engine is compared with."""
