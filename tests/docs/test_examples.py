"""Every example of README.md and docs/ runs, top to bottom, on a fresh database."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from support.database import Database
from support.documents import ROOT, Reader, examples, matches, pages
from support.parts import MariaDB

# The reference shows signatures, written by a program from the catalog; there is nothing to run.
WITH_EXAMPLES = [
    page
    for page in pages()
    if ROOT / "docs" / "reference" not in page.parents and examples(page.read_text())
]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run_and_print_what_it_shows(
    page: Path, db: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = examples(page.read_text())
    with ExitStack() as closing:
        mysql = None
        if any(example.block.options.get("on") == "mysql" for example in found):
            mariadb: MariaDB = request.getfixturevalue("mariadb")
            mysql = closing.enter_context(mariadb.database("audit"))
        reader = Reader(db.dsn, tmp_path, mysql)
        closing.callback(reader.close)
        for example in found:
            place = f"{page.relative_to(ROOT)}:{example.block.line}"
            try:
                output = reader.run(example.block)
            except AssertionError as error:
                raise AssertionError(f"{place} fails: {error}") from None
            if example.expected is not None:
                assert matches(example.expected, output), f"{place} prints:\n{output}"
