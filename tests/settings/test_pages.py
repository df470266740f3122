"""The pages made from the program are the program's: docs/keys.md and the table in docs/settings.md.

After a wanted change: ``NAVARCH_DOCS=write pytest tests/settings/test_pages.py``, then look at ``git diff``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from console.actions.page import keys_page
from console.settings.fields import leaves
from console.settings.reading import read
from console.settings.schema import Values
from console.settings.told import reference, schema

DOCS = Path(__file__).parents[2] / "docs"
_START, _END = "<!-- made from the schema -->\n", "<!-- end -->\n"


def compare(path: Path, wanted: str) -> None:
    if os.environ.get("NAVARCH_DOCS") == "write":
        path.write_text(wanted, "utf-8")
    assert path.read_text("utf-8") == wanted, f"{path.name} is old; see the head of this test"


def test_the_page_of_keys_is_the_registry_s() -> None:
    compare(DOCS / "keys.md", keys_page())


def test_the_page_of_settings_is_the_schema_s() -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    before, rest = page.split(_START)
    after = rest.split(_END)[1]
    compare(DOCS / "settings.md", f"{before}{_START}{reference()}{_END}{after}")


@pytest.mark.parametrize(("key", "description"), [(key, field.description) for key, field in leaves()])
def test_every_setting_says_what_it_does(key: str, description: str) -> None:
    assert description.endswith("."), key


def test_the_json_schema_knows_every_setting() -> None:
    known = schema()["$defs"]["Values"]["properties"]
    assert set(known) == set(Values.__struct_fields__)
    assert all(one.get("description") for one in known.values())


def test_the_examples_of_the_page_are_right() -> None:
    from console.settings.checks import THOROUGH

    page = (DOCS / "settings.md").read_text("utf-8")
    blocks = [part.split("```")[0] for part in page.split("```toml\n")[1:]]
    assert blocks
    for block in blocks:
        if block.startswith("# themes/"):
            continue
        assert read(block, THOROUGH).problems == (), block
