"""The engine as a site: the names that it answers to, whose pages may act on it, and which proxies stand before it."""

from collections.abc import Iterable
from ipaddress import ip_address

from attrs import field, frozen

from entrypoints.web.addresses import Proxies
from entrypoints.web.host import name_in
from entrypoints.web.problems import HttpProblem

OWN_PAGE = frozenset({"same-origin", "none"})  # Sec-Fetch-Site: none is a person's own act
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_MOST_REMEMBERED = 1000


@frozen
class Site:
    """Answers to IP addresses, to `localhost`, and to `hosts`, of which `.example.com` means all names below it.

    A page that reaches us under a name of its own, which it has pointed at us, is no page of ours. Pages of
    `origins` may do what our own may. `proxies` are believed where a request came from. Where TLS alone is spoken,
    `secure`, no page that came without it is ours; else a proxy before us may speak it, and both are.
    """

    hosts: tuple[str, ...] = ()
    origins: frozenset[str] = frozenset()
    proxies: Proxies = field(factory=Proxies)
    secure: bool = False
    met: set[bytes] = field(init=False, factory=set, eq=False)  # as headers have them: nearly all say the same few

    def check_host(self, authority: bytes) -> None:
        """Raise HttpProblem unless `authority`, a name or address with or without a port, is ours; then it is `met`."""
        name = name_in(authority.strip(b" \t"))
        if name is None:
            raise HttpProblem("malformed_request", "The Host is not a name or an address, and perhaps a port")
        if not self._is_ours(name.removesuffix(".")):
            raise HttpProblem("misdirected_request")
        if len(self.met) >= _MOST_REMEMBERED:
            self.met.clear()
        self.met.add(authority)

    def is_foreign(self, origins: Iterable[str], hosts: Iterable[str]) -> bool:
        """Whether a page asks that is neither ours nor listed; a program says no origin. The lines of each header."""
        pages, ours = set(origins), set(hosts)
        if not pages:
            return False
        return len(pages) > 1 or not (pages <= self.origins or (len(ours) == 1 and self._is_own(*pages, *ours)))

    def _is_ours(self, name: str) -> bool:
        if name in ("localhost", *self.hosts) or name.endswith((".localhost", *self._below)):
            return True
        try:
            ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    @property
    def _below(self) -> tuple[str, ...]:
        return tuple(name for name in self.hosts if name.startswith("."))

    def _is_own(self, origin: str, host: str) -> bool:
        """Whether the page came from this host and port."""
        schemes = _DEFAULT_PORTS.items() if not self.secure else [("https", _DEFAULT_PORTS["https"])]
        return any(
            origin.lower().removesuffix(port) == f"{scheme}://{host.lower().removesuffix(port)}"
            for scheme, port in schemes
        )
