"""Looks at what real swaps need: nodes, tokens, wallets and venues. It signs no swap and sends nothing."""
