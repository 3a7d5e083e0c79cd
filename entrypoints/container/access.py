"""Makes what decides who comes in, and how often."""

from ipaddress import ip_network
from types import MappingProxyType
from typing import TYPE_CHECKING

from application.api_key import EngineMode
from application.failed_attempts import FailedAttempts
from application.key_authenticator import KeyAuthenticator
from application.limits.limit import Of
from application.limits.share_limits import ShareLimits
from application.ports.api_keys import ApiKeys
from application.ports.limit_reports import LimitReports
from application.ports.system import Clock
from application.sign_in import SignIn
from application.socket_tickets import SocketTickets
from entrypoints.key_pepper import read_pepper
from entrypoints.setting_types import OFF, limits_of
from entrypoints.settings import Settings, SettingsError
from entrypoints.web.addresses import Proxies
from entrypoints.web.http.execution_presenter import EXPLORERS, ExecutionPresenter
from entrypoints.web.limits import RequestLimits
from entrypoints.web.site import Site
from entrypoints.web.ws.guard import SocketGuard

if TYPE_CHECKING:
    from adapters.jwt.authenticator import JwtAuthenticator

OFF_BY_DEFAULT = MappingProxyType(dict.fromkeys(Of, OFF))
DEFAULT_LIMITS = MappingProxyType({Of.ORDERS: "user=100/s", Of.REQUESTS: "user=500/s", Of.SOCKETS: "user=200"})


def made_site(settings: Settings) -> Site:
    """Return which names and pages are the engine's own, and which proxies are believed."""
    proxies = Proxies(tuple(map(ip_network, settings.trusted_proxies)))
    return Site(settings.hosts, frozenset(settings.origins), proxies, secure=settings.tls_cert_file is not None)


def made_execution_presenter(settings: Settings) -> ExecutionPresenter:
    """Return who writes executions, with the explorers of the chains."""
    pairs = (pair.partition("=") for pair in settings.explorers)
    return ExecutionPresenter({**EXPLORERS, **{chain: url for chain, _, url in pairs}})


def made_limits(settings: Settings) -> RequestLimits | None:
    """Return what counts clients' requests; None where nothing is limited."""
    said = {Of.ORDERS: settings.limit_orders, Of.REQUESTS: settings.limit_requests, Of.SOCKETS: settings.limit_sockets}
    unsaid = OFF_BY_DEFAULT if settings.auth == ("none",) else DEFAULT_LIMITS
    limits = {of: limits_of(text or unsaid[of]) for of, text in said.items()}
    return RequestLimits(limits) if any(limits.values()) else None


def made_share_limits(
    limits: RequestLimits | None, reports: LimitReports, clock: Clock, holder: str, settings: Settings
) -> ShareLimits | None:
    """Return what keeps limits together with other processes; None where nothing is limited."""
    return None if limits is None else ShareLimits(limits.shared, reports, clock, holder, settings.api_processes)


def made_sign_in(
    settings: Settings, keys: KeyAuthenticator | None, tokens: "JwtAuthenticator | None", attempts: FailedAttempts
) -> SignIn | None:
    """Return who finds out who asks; None where everyone may do everything."""
    return None if settings.auth == ("none",) else SignIn(keys, tokens, attempts)


def made_jwt_authenticator(settings: Settings, clock: Clock) -> "JwtAuthenticator | None":
    """Return who verifies tokens, if clients show any. Raises SettingsError."""
    if "jwt" not in settings.auth:
        return None
    from adapters.jwt.authenticator import JwtAuthenticator  # only for those who need it: it takes its time
    from adapters.jwt.key_file import BadKeys, KeyFile

    path, issuer, audience = settings.jwt_jwks_file, settings.jwt_issuer, settings.jwt_audience
    if path is None or issuer is None or audience is None:
        raise SettingsError(["ORDER_ENGINE_AUTH=jwt needs ORDER_ENGINE_JWT_JWKS_FILE, _ISSUER and _AUDIENCE"])
    try:
        return JwtAuthenticator(KeyFile.read(path), issuer, audience, clock)
    except BadKeys as error:
        raise SettingsError([f"ORDER_ENGINE_JWT_JWKS_FILE {error}"]) from error


def made_guard(sign_in: SignIn | None, tickets: SocketTickets, clock: Clock) -> SocketGuard | None:
    """Return who looks after sockets; None where everyone may open them."""
    return None if sign_in is None else SocketGuard(sign_in, tickets, clock)


def made_key_authenticator(settings: Settings, keys: ApiKeys, clock: Clock) -> KeyAuthenticator | None:
    """Return who looks after keys, if clients show any. Raises SettingsError."""
    if "api-key" not in settings.auth:
        return None
    return KeyAuthenticator(keys, read_pepper(settings.key_pepper_file), EngineMode(settings.mode), clock)
