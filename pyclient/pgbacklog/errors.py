"""Errors that callers may want to catch.

BacklogError
|-- StaleLeaseError          PB001
|-- UnknownRetryItemError    PB002
|-- InvalidArgumentError     PB003
|-- DuplicateItemError       PB004
|-- UnknownNameError         PB005
|-- SchemaDriftError         PB006
|-- LoadBusyError            PB103
|-- LoadRefusedError         PB104
|-- UnknownHookError         PB201
|-- InvalidHookError         PB202
|-- UnknownIncidentError     PB203
|-- IncidentClosedError      PB204
|-- AuxiliaryUnavailable     no SQLSTATE: a database that a hook uses
`-- ServerError              no SQLSTATE: the embedded server

Other PBnnn codes arrive as BacklogError itself; its `sqlstate` tells which. The database's hint is
in `hint`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import psycopg


class BacklogError(Exception):
    """Something that pgbacklog refuses or cannot do, with a hint what to do about it."""

    default_sqlstate: ClassVar[str | None] = None

    def __init__(self, message: str, hint: str | None = None, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.sqlstate = sqlstate or self.default_sqlstate


class StaleLeaseError(BacklogError):
    """The lease passed to another worker or ended."""

    default_sqlstate = "PB001"


class UnknownRetryItemError(BacklogError):
    """No retry item has this id."""

    default_sqlstate = "PB002"


class InvalidArgumentError(BacklogError):
    """An argument is null, out of range or of the wrong shape."""

    default_sqlstate = "PB003"


class DuplicateItemError(BacklogError):
    """An item with this dedupe key is already waiting or being processed."""

    default_sqlstate = "PB004"


class UnknownNameError(BacklogError):
    """Nothing is registered under this name."""

    default_sqlstate = "PB005"


class SchemaDriftError(BacklogError):
    """The installed schema is not the one that was shipped."""

    default_sqlstate = "PB006"


class LoadBusyError(BacklogError):
    """Another load of the pipeline is running."""

    default_sqlstate = "PB103"


class LoadRefusedError(BacklogError):
    """The load was rolled back because its rows broke a policy."""

    default_sqlstate = "PB104"


class UnknownHookError(BacklogError):
    """No hook has this name."""

    default_sqlstate = "PB201"


class InvalidHookError(BacklogError):
    """The definition of a hook is impossible."""

    default_sqlstate = "PB202"


class UnknownIncidentError(BacklogError):
    """No incident has this id."""

    default_sqlstate = "PB203"


class IncidentClosedError(BacklogError):
    """The incident is not open any more, or cannot be replayed."""

    default_sqlstate = "PB204"


class AuxiliaryUnavailable(BacklogError):  # noqa: N818 - its name is the error code in the database
    """A database that a hook uses cannot be reached: not the hook's fault, and not the record's."""


class ServerError(BacklogError):
    """The embedded server cannot be found, started or reached."""


_BY_SQLSTATE = {
    found.default_sqlstate: found
    for found in BacklogError.__subclasses__()
    if found.default_sqlstate
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn a database error of class PB into the BacklogError of its code; leave others alone."""
    try:
        yield
    except psycopg.Error as error:
        code = error.sqlstate or ""
        if not code.startswith("PB"):
            raise
        found = _BY_SQLSTATE.get(code, BacklogError)
        message = error.diag.message_primary or str(error)
        raise found(message, error.diag.message_hint, code) from error
