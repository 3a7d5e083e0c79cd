"""The live console: a web page over the API, served as it lies in `static/`, with no build step."""
