"""`python -m entrypoints.cli` is `order-engine`."""

from entrypoints.cli import main

main()
