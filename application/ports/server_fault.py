"""What keeps us from a server that a setting names."""

from attrs import frozen


@frozen
class ServerFault:
    """Why a server cannot be used; `text` goes on after its setting's name, and holds no value of it.

    `certain`: the setting or the server has to be changed, and waiting is of no use. `unknown_host`: so it is, unless
    the server's name comes and goes with it.
    """

    text: str
    certain: bool = True
    unknown_host: bool = False


# What any server may have, whoever speaks to it.
LOGIN_REFUSED = ServerFault("names a user or a password that the server refuses")
NO_PASSWORD = ServerFault("has no password, and the server asks for one")
CERTIFICATE = ServerFault("asks for a TLS certificate that the server's is not: another authority, host name or time")
CERTIFICATE_FILE = ServerFault("needs a certificate file that is not there or cannot be used")
HOST_UNKNOWN = ServerFault("names a host that is not known here", certain=False, unknown_host=True)
HOST_SILENT = ServerFault("names a host that does not answer", certain=False)
AWAY = ServerFault("names a server that does not answer", certain=False)
