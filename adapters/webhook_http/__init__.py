"""The way to webhook receivers: HTTP from here to addresses that strangers named."""
