"""Where a request comes from."""

from entrypoints.web.request import Request

_OF_IPV4 = "::ffff:"


def client_address(req: Request) -> str:
    """Return the client's IP address as text; empty for who has none, such as on a unix socket."""
    client = req.scope.get("client")
    address: str = client[0] if client else ""
    return address.removeprefix(_OF_IPV4) if "." in address else address
