"""Every error that graphrec raises on purpose.

Each message is one sentence: what was wrong, where (file, line, id) and what to do. The command line prints the
message alone and exits with status 2.
"""

from __future__ import annotations


class GraphRecError(Exception):
    """Base class: catch this to catch whatever graphrec raises on purpose."""


class CorruptionError(GraphRecError):
    """A file is not what was written: a flipped bit, a truncated array, a missing part."""


class SchemaVersionError(GraphRecError):
    """A store, snapshot or bundle was written by a newer graphrec than this one."""


class StoreError(GraphRecError):
    """The store cannot be opened, read or written (path, permissions, lock, disk)."""


class NotFoundError(GraphRecError, KeyError):
    """A node, relation, file or bundle that was named does not exist."""

    def __str__(self) -> str:  # KeyError would print the repr, with quotes
        return str(self.args[0]) if self.args else ""


class InvalidInputError(GraphRecError, ValueError):
    """An argument or an input row has a value that cannot be used."""


class ImportFailedError(GraphRecError):
    """An import stopped; nothing of it was written."""


class BundleMismatchError(GraphRecError):
    """A bundle does not belong to the store or snapshot that it is used with."""


class ConfigError(InvalidInputError):
    """An unknown or impossible setting in a configuration."""


class MissingExtraError(GraphRecError, ImportError):
    """A feature needs an optional install; the message names it."""
