"""The API's certificate: two files that are followed, so that a new one is served without a restart."""

import os
import ssl
import stat
from pathlib import Path
from typing import Any

from attrs import frozen

from entrypoints.lifecycle import StartError
from entrypoints.web import observe


class CertificateUnfit(StartError):
    """The files cannot be served; the text is one sentence that names the file, and never what is in it."""


@frozen
class _Version:
    """What tells that a file is another one than before."""

    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "_Version":
        found = path.stat()
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


class Certificate:
    """A certificate with its chain, and its key, as the files have them; `context` is for whoever serves with them.

    Raises CertificateUnfit, also for a key that others on this machine may read.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._versions = self._look()
        self._served = _context(certificate, key)
        self.context = _context(certificate, key)
        self.context.sni_callback = self._choose

    def follow(self) -> None:
        """Serve what the files have now, from the next connection on; what cannot be served is told once, and not."""
        try:
            versions = self._look()
            if versions == self._versions:
                return
            self._versions = versions
            self._served = _context(*self._files)
        except CertificateUnfit as error:
            observe.certificate_not_followed(str(error))
        else:
            observe.certificate_followed()

    def _look(self) -> tuple[_Version, ...] | None:
        try:
            return tuple(map(_Version.of, self._files))
        except OSError:
            return None  # `_context` says which file, and why

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: Any) -> None:
        connection.context = self._served


def certificate_of(certificate: Path | None, key: Path | None) -> Certificate | None:
    """Return the certificate of these files; None where there are none: TLS is a proxy's. Raises CertificateUnfit."""
    return Certificate(certificate, key) if certificate and key else None


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    _refuse_open_key(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_refuse_to_ask)
    except OSError as error:  # as ssl.SSLError is
        raise CertificateUnfit(f"{certificate} and {key} cannot be served: {_reason(error)}.") from None
    return context


def _refuse_open_key(key: Path) -> None:
    """Raise CertificateUnfit for a key that others may read or write; a group may read root's, as Debian's does."""
    try:
        found = key.stat()
    except OSError as error:
        raise CertificateUnfit(f"{key} cannot be read: {error.strerror}.") from None
    if found.st_uid not in (0, os.geteuid()):
        raise CertificateUnfit(f"{key} belongs to another user than root or the engine's.")
    if stat.S_IMODE(found.st_mode) & (stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP):
        raise CertificateUnfit(f"{key} is open to others: chmod 600 (or 640, for a group that may read it).")


def _refuse_to_ask() -> str:
    raise CertificateUnfit("The key is encrypted, and there is nobody to ask for its password.")


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "they are no certificate and key").lower().replace("_", " ")
    return error.strerror or "they cannot be read"
