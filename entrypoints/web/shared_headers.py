"""What every answer says of itself to a browser: the whole of it is data, for nobody else's page, and not to be kept.

An answer with a policy of its own, as pages have, says all of this itself.
"""

Header = tuple[bytes, bytes]

POLICY = b"content-security-policy"
HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
LINES = b"".join(b"%b: %b\r\n" % header for header in HEADERS)
