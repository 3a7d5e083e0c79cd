"""Calls made up from openapi.yaml, right and wrong ones: each answer is a described one."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from entrypoints.web.app import create_app
from entrypoints.web.drain import Drain
from tests.api import Engine
from tests.described import operations

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    allow_header_conformance,
]
# One app for all calls, so that made up orders meet earlier ones; pytest needs the operations when it collects.
schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(Engine().services(), Drain()))
schema.config.generation.update(modes=list(schemathesis.GenerationMode))


def _made_up_calls(path: str, method: str) -> Any:
    @schema.include(path=path, method=method).parametrize()
    @settings(max_examples=20, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def test(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    return test


# A function for each operation: pytest 9.2 drops the part of a test's id by which schemathesis tells them apart, and
# pytest-xdist takes those of one id for one test.
for method, path, _ in operations():
    globals()[f"test_made_up_calls of {method.upper()} {path}"] = _made_up_calls(path, method)
