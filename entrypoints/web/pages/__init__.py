"""What a browser opens: the console, and the descriptions of the API."""
