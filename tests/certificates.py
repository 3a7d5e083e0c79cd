"""A certificate authority for tests, by the openssl program: it lives for a day, and knows only who a test asks for."""

import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_CONFIG = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
"""


@frozen
class Issued:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


@frozen
class Authority:
    """One that issues certificates; `folder` has its files, and theirs."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> "Authority":
        """Make one in a folder, which is made too."""
        folder.mkdir()
        authority = cls(folder)
        subject = (
            "-subj",
            f"/CN=test authority {folder.name}",
            "-days",
            "1",
            "-addext",
            "keyUsage=critical,keyCertSign",
        )
        _openssl("req", "-x509", *_KEY, *subject, "-keyout", folder / "ca.key", "-out", authority.certificate)
        (folder / "index.txt").touch()
        (folder / "ca.conf").write_text(_CONFIG.format(folder=folder))
        return authority

    @property
    def certificate(self) -> Path:
        """What whoever trusts it has."""
        return self.folder / "ca.crt"

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts it alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def issue(
        self, name: str, hosts: Sequence[str] = ("DNS:localhost", "IP:127.0.0.1"), *, expired: bool = False
    ) -> Issued:
        """Issue a certificate to a name, for some hosts; one that `expired` did so long ago."""
        issued = Issued(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(
            f"subjectAltName={','.join(hosts)}\nkeyUsage=digitalSignature\nauthorityKeyIdentifier=keyid\n"
        )
        _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", issued.key, "-out", request)
        issued.key.chmod(0o600)
        valid = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z") if expired else ("-days", "1")
        files = ("-config", self.folder / "ca.conf", "-extfile", extensions, "-in", request, "-out", issued.certificate)
        authority = ("-cert", self.certificate, "-keyfile", self.folder / "ca.key")
        _openssl("ca", "-batch", "-notext", *files, *authority, *valid)
        return issued


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["/usr/bin/env", "openssl", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
