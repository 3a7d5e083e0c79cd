"""JSON Web Tokens (RFC 7519), signed by keys of a file."""
