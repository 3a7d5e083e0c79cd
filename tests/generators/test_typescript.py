"""openapi-typescript's types: made without a warning, and a program that is checked against them and run by Node."""

import json
import shutil
from pathlib import Path

from tests.api import running_api
from tests.generators.conftest import AMOUNT, TOOLS, run

BIN = TOOLS / "typescript" / "node_modules" / ".bin"
STRICT = ("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess")
NODE_20 = ("--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom")


async def test_a_program_that_fits_the_types_gets_what_they_say(description: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.ts"
    shutil.copy(Path(__file__).with_name("program.ts"), program)
    (tmp_path / "package.json").write_text('{"type":"module"}')
    await run(BIN / "openapi-typescript", description, "--output", tmp_path / "api.d.ts")
    await run(BIN / "tsc", *STRICT, *NODE_20, program)
    async with running_api() as api:
        told = json.loads(await run("node", tmp_path / "program.js", api.url, AMOUNT))
    assert told == {
        "digits": AMOUNT,
        "price": None,
        "fields": ["amount"],
        "status": "pending",
        "known": [False, "unknown"],
    }
