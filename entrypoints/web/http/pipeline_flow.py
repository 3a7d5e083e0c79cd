"""Requests that wait for the answers before them hold up the reading."""

from collections import deque
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl


class PipelineFlow(FlowControl):
    """Reads on only when no request waits: the original goes on, however many there are."""

    def __init__(self, transport: Any, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on, if no request waits."""
        if self.read_paused and not self._pipeline:
            super().resume_reading()
