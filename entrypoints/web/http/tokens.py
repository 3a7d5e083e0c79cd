"""`GET /api/tokens`: which tokens orders may name."""

from attrs import frozen
from falcon.asgi import Response

from application.ports.token_registry import TokenRegistry
from entrypoints.web.http import presenter
from entrypoints.web.problems import HttpProblem
from entrypoints.web.request import Request


@frozen
class TokensResource:
    """The token list, where there is one."""

    tokens: TokenRegistry | None

    async def on_get(self, req: Request, resp: Response) -> None:
        """List all tokens, in the list's order."""
        if self.tokens is None:
            raise HttpProblem("not_found", "There is no token list: orders may name any token")
        resp.text = presenter.tokens_json(self.tokens.assets())

    on_head = on_get
