"""How handlers are found, and what may be said with them."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pgbacklog import Item, Page, PermanentError, Registry, RetryLater, fetcher, handler
from pgbacklog.errors import BacklogError
from pgbacklog.worker import error_code


def module(**functions) -> ModuleType:
    made = ModuleType("made")
    vars(made).update(functions)
    return made


def test_handlers_and_fetchers_are_found_by_event_type() -> None:
    @handler("a", "b", timeout=3)
    def both(item): ...

    @handler("c", transactional=True)
    def careful(item, conn): ...

    @fetcher("flights")
    def flights(item): ...

    registry = Registry([module(both=both, careful=careful, flights=flights, other=print)])

    assert sorted(registry) == ["a", "b", "c", "fetch.flights"]
    assert registry["a"].call is both
    assert registry["b"].timeout == 3
    assert registry["c"].transactional
    assert registry["fetch.flights"].pipeline == "flights"
    registry.keep(["b"])
    assert list(registry) == ["b"]


def test_one_event_type_has_one_handler() -> None:
    @handler("a")
    def first(item): ...

    @handler("a")
    def second(item): ...

    with pytest.raises(BacklogError, match="two functions handle the event type a"):
        Registry([module(first=first, second=second)])
    assert len(Registry([module(first=first, again=first)])) == 1


@pytest.mark.parametrize("names", [(), ("fetch.flights",)])
def test_a_handler_needs_event_types_of_its_own(names) -> None:
    with pytest.raises(ValueError, match="a handler needs event types"):
        handler(*names)


def test_only_named_modules_are_searched(tmp_path, monkeypatch) -> None:
    """A handler that is merely imported along stays unknown."""
    (tmp_path / "named_hooks.py").write_text(
        "import other_hooks\nfrom pgbacklog import handler\n@handler('mine')\ndef f(item): ...\n"
    )
    (tmp_path / "other_hooks.py").write_text(
        "from pgbacklog import handler\n@handler('theirs')\ndef g(item): ...\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert list(Registry.from_names(["named_hooks"])) == ["mine"]
    assert "other_hooks" in sys.modules


def test_modules_without_handlers_or_missing_ones_are_refused() -> None:
    with pytest.raises(BacklogError, match="no handlers in json"):
        Registry.from_names(["json"])
    with pytest.raises(BacklogError, match="no_such_hooks cannot be imported"):
        Registry.from_names(["no_such_hooks"])


def test_items_and_pages_are_read_only() -> None:
    page = Page({"flights": [{"id": 1}]}, next=[{"page": 2}])
    with pytest.raises(AttributeError):
        page.next = []
    assert "event_data" in Item.__slots__


def test_the_error_code_is_the_most_telling_one() -> None:
    class Response:
        status_code = 503

    class HttpError(Exception):
        response = Response()

    class DatabaseError(Exception):
        sqlstate = "40001"

    class UrlError(Exception):
        code = 404

    assert error_code(HttpError()) == "503"
    assert error_code(DatabaseError()) == "40001"
    assert error_code(UrlError()) == "404"
    assert error_code(KeyError("x")) == "KeyError"
    assert error_code(RetryLater(3)) == "RetryLater"
    assert error_code(PermanentError("x")) == "PermanentError"
