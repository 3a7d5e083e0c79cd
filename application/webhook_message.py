"""What an endpoint is sent of an event."""

import json
from typing import Any

from attrs import field, frozen

from application.frames import Frame


@frozen
class WebhookMessage:
    """The message of a frame. Its text is read once."""

    frame: Frame
    _fields: dict[str, Any] = field(init=False)

    @_fields.default
    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self.frame.text))

    @property
    def message_id(self) -> str:
        """The id under which it is sent: the same whenever that is, and to whomever."""
        return f"msg_{self.frame.order_id}_{self.frame.seq}"

    @property
    def event(self) -> str:
        """Which event it is of."""
        return f"order.{self._fields['status']}"

    @property
    def body(self) -> str:
        """What is sent: the frame itself, as it is stored, within what Standard Webhooks recommends."""
        return f'{{"type":"{self.event}","timestamp":"{self._fields["timestamp"]}","data":{self.frame.text}}}'
