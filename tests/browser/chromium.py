"""Finds the system's Chromium and starts it for a test."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

VARIABLE = "ORDER_ENGINE_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # containers rarely allow it, and nothing but our own page is opened
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> str:
    """Return Chromium's path: the variable's, else the first on PATH. Fails when there is none."""
    found = os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"no Chromium: scripts/get-chromium installs one, or {VARIABLE} names it"
    return found


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium with a profile of its own."""
    return playwright.chromium.launch(executable_path=find(), args=FLAGS, headless=True)
