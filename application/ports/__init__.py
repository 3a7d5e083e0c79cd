"""What the use cases need of the world, at business verbs. Adapters implement these; contract suites test them."""
