"""The settings of webhooks: what their secrets are kept with, and where they may be sent."""
# ruff: noqa: RUF009 - `setting` declares an attrs field, as `field` does

from pathlib import Path

from attrs import frozen

from entrypoints.setting_types import one_of, setting, whole


@frozen(kw_only=True, slots=False)
class WebhookSettings:
    """What nobody needs who sends no webhooks."""

    webhooks_key_file: Path | None = setting(
        None,
        Path,
        "The secret by which [webhooks'](webhooks.md) secrets are encrypted; `webhooks key` makes it. Without it there "
        "are no webhooks",
    )
    webhooks_allow_private: str = setting(
        "no", one_of("yes", "no"), "Whether webhooks may be sent by plain HTTP, and to private and loopback addresses"
    )
    webhooks_per_second: int = setting(
        100, whole(0, 100_000), "Events that one worker process sends at most in a second; 0: it sends none"
    )
