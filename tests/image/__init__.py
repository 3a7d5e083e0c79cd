"""The image that the Dockerfile makes, run as compose.yaml runs it, on a real Postgres and Redis: `make image`."""
