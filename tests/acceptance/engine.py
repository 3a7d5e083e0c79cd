"""Starts `order-engine` processes as a user would, and waits until they answer."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FAST = {
    "ORDER_ENGINE_MOCK_QUOTE_MS": "20",
    "ORDER_ENGINE_MOCK_BUILD_MS": "30",
    "ORDER_ENGINE_MOCK_SWAP_MIN_MS": "50",
    "ORDER_ENGINE_MOCK_SWAP_MAX_MS": "100",
}
COMMAND = str(Path(sys.executable).with_name("order-engine"))


@contextmanager
def running(*arguments: str, settings: Mapping[str, str] | None = None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `order-engine <arguments>` with short mock delays; give its URL and process, and end it with SIGTERM."""
    port = free_port()
    environment = {**os.environ, **FAST, "ORDER_ENGINE_PORT": str(port), **(settings or {})}
    with subprocess.Popen([COMMAND, *arguments], env=environment) as process:
        try:
            yield wait_until_ready(port, process), process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_until_ready(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> str:
    """Return the URL once `/health/ready` answers 200; fail when the process ends or the time is over."""
    base = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the engine ended with {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=2):  # noqa: S310 - our own loopback URL
                return base
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the engine was not ready within {seconds} s")


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
