"""Something that a server keeps, Postgres or Redis by its URL: written once, and read again."""

import psycopg
import redis


def write(url: str) -> None:
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            client.set("kept", "yes")
    else:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")


def read(url: str, timeout: int = 5) -> str:
    if url.startswith("redis"):
        with redis.Redis.from_url(url, socket_timeout=timeout, decode_responses=True, retry=None) as client:
            return str(client.get("kept"))
    with psycopg.connect(url, connect_timeout=timeout) as connection:
        return str(connection.execute("SELECT answer FROM kept").fetchall()[0][0])
