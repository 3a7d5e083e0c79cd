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
