"""Web pages of others in a browser that reaches the engine: under a name of their own, and from another origin."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from playwright.sync_api import Browser, Page, Route

from tests.browser import chromium
from tests.browser.engines import in_memory, orders_of, submit
from tests.browser.screens import shoot
from tests.processes import EngineProcess

# Every name leads to this machine, as a page's own name does once its owner points it here.
EVERYWHERE_HERE = "--host-resolver-rules=MAP * 127.0.0.1"
# This Chromium's own guard of private addresses: others have none, and it must not pass the test for us.
UNGUARDED = "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"
ORDER = '{"inputToken":"SOL","outputToken":"USDC","amount":10,"userId":"victim"}'
FETCH = """([url, options]) => fetch(url, options).then(
  async (answer) => `${answer.status} ${answer.type} ${await answer.text()}`, (error) => String(error))"""
SOCKET = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""
FORM = """(url) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: url, enctype: "text/plain" });
  document.body.append(form);
  form.submit();
}"""
SCRIPT = """(url) => new Promise((resolve) => {
  const script = document.createElement("script");
  script.onload = () => resolve("embedded");
  script.onerror = () => resolve("blocked");
  script.src = url;
  document.body.append(script);
})"""


CLIENT = {f"/client/{path.name}": path for path in Path("clients/typescript/src").absolute().glob("*.js")}
USE_CLIENT = """async (url) => {
  const { OrderEngine } = await import("/client/index.js");
  const engine = new OrderEngine(url);
  const feed = engine.feed({ userId: "by-client" });
  const first = feed.next();
  while (feed.state.phase !== "open") await new Promise((resolve) => setTimeout(resolve, 10));
  const order = { inputToken: "SOL", outputToken: "USDC", amount: "1234567890.12345678", userId: "by-client" };
  const { orderId } = await engine.submit(order);
  const { value: frame } = await first;
  feed.close();
  return [frame.orderId === orderId, frame.amount, (await engine.cancel(orderId)).reasonCode];
}"""


class _Neighbour(BaseHTTPRequestHandler):
    """A page without anything, and the client as its own files."""

    def do_GET(self) -> None:
        script = CLIENT.get(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.end_headers()
        self.wfile.write(script.read_bytes() if script else b"<!doctype html><title>Next door</title><body>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@frozen
class NextDoor:
    """An engine in whose place orders rest for long, and pages beside it: any name, on the port of another server."""

    browser: Browser
    engine: EngineProcess
    port: int

    def page(self, name: str) -> Page:
        """Open a page of the server next door."""
        page = self.browser.new_page()
        page.goto(f"http://{name}:{self.port}/")
        return page


@pytest.fixture(scope="module")
def next_door(browser: Browser) -> Iterator[NextDoor]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Neighbour) as server:
        port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = [*chromium.FLAGS, EVERYWHERE_HERE, UNGUARDED]
        settings = {"ORIGINS": f"http://desk.test:{port}", "MOCK_QUOTE_MS": "60000"}
        with (
            browser.browser_type.launch(executable_path=chromium.find(), args=flags) as other,
            in_memory(**settings) as engine,
        ):
            yield NextDoor(other, engine, port)
        server.shutdown()


def test_a_page_that_points_its_own_name_at_the_engine_reads_and_does_nothing(next_door: NextDoor) -> None:
    engine = next_door.engine
    submit(engine.url, userId="victim")
    here = engine.url.replace("127.0.0.1", "rebound.test")
    page = next_door.browser.new_page()

    def of_the_attacker(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><body>")

    page.route(f"{here}/attack", of_the_attacker)
    page.goto(f"{here}/attack")  # served before the name led here: from now on all calls are of its own origin
    for path in ("/api/orders", "/health/live", "/metrics", "/"):
        seen = page.evaluate(FETCH, [path, {}])
        assert seen.startswith("421 basic ")
        assert '"code":"misdirected_request"' in seen
    posted = page.evaluate(
        FETCH,
        ["/api/orders/execute", {"method": "POST", "body": ORDER, "headers": {"Content-Type": "application/json"}}],
    )
    assert posted.startswith("421 ")
    assert page.evaluate(SOCKET, f"{here.replace('http', 'ws', 1)}/ws/orders") == "refused"
    assert page.goto(f"{here}/").status == 421  # type: ignore[union-attr]  # there was an answer
    shoot(page, "rebound")
    assert len(orders_of(engine.url, "victim")) == 1


def test_a_page_of_another_origin_does_nothing(next_door: NextDoor) -> None:
    engine = next_door.engine
    order_id = submit(engine.url, userId="waits")
    for name in ("evil.test", "localhost", "127.0.0.1"):  # the same site is another origin too
        page = next_door.page(name)
        cancel = f"{engine.url}/api/orders/{order_id}/cancel"
        for options in ({"method": "POST"}, {"method": "POST", "mode": "no-cors"}, {"method": "POST", "body": ORDER}):
            page.evaluate(FETCH, [cancel, options])
            page.evaluate(FETCH, [f"{engine.url}/api/orders/execute", options])
        assert page.evaluate(FETCH, [f"{engine.url}/api/orders", {}]) == "TypeError: Failed to fetch"
        assert page.evaluate(SOCKET, f"{engine.url.replace('http', 'ws', 1)}/ws/orders") == "refused"
        assert page.evaluate(SOCKET, f"{engine.url.replace('http', 'ws', 1)}/nowhere") == "refused"
        if name == "evil.test":  # of another site not even what is open to all is embedded
            assert page.evaluate(SCRIPT, f"{engine.url}/console/js/main.js") == "blocked"
        with page.expect_navigation():
            page.evaluate(FORM, cancel)
        assert '"code":"foreign_origin"' in page.content()
        page.close()
    [order] = orders_of(engine.url, "waits")
    assert order["status"] != "failed"
    assert len(orders_of(engine.url, "victim")) <= 1  # the other test's


def test_a_page_of_a_listed_origin_does_what_the_engines_own_may(next_door: NextDoor) -> None:
    engine, page = next_door.engine, next_door.page("desk.test")
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    options = {"method": "POST", "body": ORDER.replace("victim", "desk"), "headers": headers}
    assert page.evaluate(FETCH, [f"{engine.url}/api/orders/execute", options]).startswith("202 cors ")
    read = "async (url) => (await fetch(url)).headers.get('X-Request-Id')"
    assert len(page.evaluate(read, f"{engine.url}/api/orders")) == 32
    assert page.evaluate(SOCKET, f"{engine.url.replace('http', 'ws', 1)}/ws/orders") == "open"
    assert len(orders_of(engine.url, "desk")) == 1


def test_a_page_of_a_listed_origin_uses_the_client(next_door: NextDoor) -> None:
    page = next_door.page("desk.test")
    assert page.evaluate(USE_CLIENT, next_door.engine.url) == [True, "1234567890.12345678", "cancelled"]
