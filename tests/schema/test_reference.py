"""docs/reference/ is what `make docs` would write, on every supported server."""

from __future__ import annotations

import pytest

from support import reference
from support.database import Database


@pytest.fixture
def texts(db: Database) -> dict[str, str]:
    """Every page as it should be."""
    return reference.pages(db.connect())


@pytest.mark.parametrize(
    "name", ["schema.sql", "functions.md", "views.md", "tables.md", "errors.md", "cli.md"]
)
def test_a_page_is_up_to_date(texts: dict[str, str], name: str) -> None:
    path = reference.PAGES / name
    assert path.exists(), "run: make docs"
    assert path.read_text(encoding="utf-8") == texts[name], "run: make docs"
