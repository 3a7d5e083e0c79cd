"""Makes what sends spans, if the standard variables of OpenTelemetry want it; else nothing of that is even imported."""

from collections.abc import Mapping

from application.ports.system import Clock
from entrypoints.lifecycle import Resource, Together
from entrypoints.settings import SettingsError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
_SAMPLERS = ("always_on", "always_off", "traceidratio")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether spans are to be sent: an address is there, or `OTEL_TRACES_EXPORTER=otlp`. Raises SettingsError."""
    exporter = _said(environ, "OTEL_TRACES_EXPORTER")
    if _said(environ, "OTEL_SDK_DISABLED") == "true" or exporter == "none":
        return False
    if exporter not in ("", "otlp"):
        raise SettingsError(["OTEL_TRACES_EXPORTER must be otlp or none"])
    if not exporter and not any(_said(environ, name) for name in _ENDPOINTS):
        return False
    if mistakes := _mistakes(environ):
        raise SettingsError(mistakes)
    return True


def made_tracing(environ: Mapping[str, str], clock: Clock, name: str) -> Resource:
    """Return what sends this process's spans between its `open` and its `close`. Raises SettingsError."""
    if not is_wanted(environ):
        return Together([])
    from adapters.otlp.spans import OtlpSpans  # only for those who want it: it takes a third of a second

    return OtlpSpans(clock, name)


def _mistakes(environ: Mapping[str, str]) -> list[str]:
    """Say what the SDK would pass over with a warning."""
    protocols = [name for name in _PROTOCOLS if _said(environ, name) not in ("", "http/protobuf")]
    mistakes = [f"{name} must be http/protobuf" for name in protocols]
    addresses = [
        name for name in _ENDPOINTS if not f"{_said(environ, name)}http://".startswith(("http://", "https://"))
    ]
    mistakes += [f"{name} must begin with http:// or https://" for name in addresses]
    headers = [name for name in _HEADERS if not all("=" in part for part in environ.get(name, "=").split(","))]
    mistakes += [f"{name} must be name=value, separated by commas" for name in headers]
    sampler = _said(environ, "OTEL_TRACES_SAMPLER").removeprefix("parentbased_")
    if sampler not in ("", *_SAMPLERS):
        mistakes.append(f"OTEL_TRACES_SAMPLER must be one of {', '.join(_SAMPLERS)}, or one of them after parentbased_")
    if sampler == "traceidratio" and not _is_share(_said(environ, "OTEL_TRACES_SAMPLER_ARG")):
        mistakes.append("OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1")
    return mistakes


def _said(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip().lower()


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False
