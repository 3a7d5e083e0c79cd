"""The JSON-RPC of the chain's nodes: the methods that a client of swaps needs, in the shapes of Agave 3."""
