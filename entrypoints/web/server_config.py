"""uvicorn's configuration, and what our protocols must know besides."""

from typing import Any

import uvicorn

from entrypoints.web.site import Site


class ServerConfig(uvicorn.Config):
    """Says which `site` is served."""

    def __init__(self, app: Any, site: Site, **options: Any) -> None:
        super().__init__(app, **options)
        self.site = site
