"""What clients reach: HTTP, WebSockets and pages, one falcon app over the use cases, and the server that runs it."""
