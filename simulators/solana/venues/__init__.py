"""The venues' HTTP APIs, as Jupiter and Raydium have them."""
