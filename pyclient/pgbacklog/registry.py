"""Find the user's handlers, and describe what they are given and what they may answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from pgbacklog.errors import BacklogError

if TYPE_CHECKING:
    from pgbacklog.hooks import Hook

FETCH = "fetch."
HOOK = "hook."
BACKFILL = "backfill."
_MARK = "__pgbacklog_handlers__"
_Function = TypeVar("_Function", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One retry item, as its handler sees it. Two items are equal only if they are the same."""

    id: int
    event_type: str
    event_data: Any
    retry_count: int
    lock_token: int
    event_id: UUID
    channel_name: str
    plugin_name: str
    event_metadata: Any
    max_retries: int | None
    priority: int
    correlation_id: str | None
    tags: list[str] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What a fetcher returns: rows by table, and the requests that fetch what comes after.

    A request that waits or is worked on already is not enqueued a second time.
    """

    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    next: Sequence[Mapping[str, Any]] = ()


class RetryLater(Exception):  # noqa: N818 - an answer, not an error
    """Raise it to have the item again in so many seconds, without counting an attempt."""

    def __init__(self, seconds: float, message: str = "asked to be retried later") -> None:
        super().__init__(message)
        self.seconds = seconds


class PermanentError(Exception):
    """Raise it when trying again cannot help: the item becomes a dead letter."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of the user's and how to call it; fetchers have a `pipeline`, hooks a `hook`.

    That of a writer makes the Writer of a backfill.
    """

    event_type: str
    call: Callable[..., object]
    timeout: float | None = None
    transactional: bool = False
    pipeline: str | None = None
    hook: Hook | None = None
    writer: bool = False


def handler(
    *event_types: str, timeout: float | None = None, transactional: bool = False
) -> Callable[[_Function], _Function]:
    """Mark a function as the handler of one or more event types: `def work(item): ...`.

    After `timeout` seconds the item counts as failed. A transactional handler is called with
    (item, connection); what it writes there commits together with the item's completion, or not
    at all when the lease has passed to another worker.
    """
    taken = (FETCH, HOOK, BACKFILL)
    if not event_types or any(name.startswith(taken) for name in event_types):
        raise ValueError(f"a handler needs event types, none beginning with {', '.join(taken)}")
    return marking(lambda call: [Handler(x, call, timeout, transactional) for x in event_types])


def fetcher(pipeline: str, *, timeout: float | None = None) -> Callable[[_Function], _Function]:
    """Mark a function that fetches pages of a pipeline: `def fetch(item): return Page(...)`.

    It may also return a plain mapping of table to rows. The item is complete once its rows are in
    the stable tables.
    """
    return marking(lambda call: [Handler(FETCH + pipeline, call, timeout, pipeline=pipeline)])


class Registry(dict[str, Handler]):
    """The handlers by event type. Nothing is registered but what the given modules hold."""

    def __init__(self, modules: Iterable[ModuleType] = ()) -> None:
        super().__init__()
        for found in (found for module in modules for found in _marked(module)):
            if self.setdefault(found.event_type, found).call is not found.call:
                raise BacklogError(
                    f"two functions handle the event type {found.event_type}",
                    "Keep one of them; an event type has one handler.",
                )

    @classmethod
    def from_names(cls, names: Sequence[str]) -> Registry:
        """Import the modules that the operator named, and no others; raises BacklogError."""
        modules = []
        for name in names:
            try:
                modules.append(importlib.import_module(name))
            except ImportError as error:
                raise BacklogError(
                    f"the hooks module {name} cannot be imported: {error}",
                    "Give a dotted module name that can be imported from the working directory.",
                ) from error
        registry = cls(modules)
        if not registry:
            raise BacklogError(
                f"no handlers in {', '.join(names) or 'no modules'}",
                "Name modules with functions marked by @pgbacklog.handler, fetcher or checkpoint.",
            )
        return registry

    def keep(self, event_types: Iterable[str]) -> None:
        """Forget all but these event types; raises BacklogError if one has no handler."""
        chosen = set(event_types)
        for name in chosen - self.keys():
            hint = f"The hooks handle: {', '.join(sorted(self))}."
            raise BacklogError(f"no handler for the event type {name}", hint)
        for name in self.keys() - chosen:
            del self[name]


def marking(make: Callable[[_Function], list[Handler]]) -> Callable[[_Function], _Function]:
    # A mark on the function, not an entry in a global table: only modules that the operator named
    # are searched for marks, whatever else gets imported along with them.
    def mark(function: _Function) -> _Function:
        setattr(function, _MARK, [*getattr(function, _MARK, []), *make(function)])
        return function

    return mark


def _marked(module: ModuleType) -> Iterator[Handler]:
    for value in list(vars(module).values()):
        if callable(value):
            yield from getattr(value, _MARK, ())
