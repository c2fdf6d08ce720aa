"""Upkeep of a store: erasing users, the books of snapshots and bundles, and the state of the file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from graphrec.errors import CorruptionError
from graphrec.store import erasure, health, registry
from graphrec.store.engine import BUSY_TIMEOUT, named_errors
from graphrec.store.erasure import ErasureReport
from graphrec.store.preferences import StorePreferences
from graphrec.store.records import BundleRecord, Info, SnapshotRecord


class StoreUpkeep(StorePreferences):
    """The part of :class:`GraphStore` that looks after the file."""

    def erase(self, user: str, *, wait: float = BUSY_TIMEOUT) -> ErasureReport:
        """Erase a user: rows, log, unused pages, snapshots. Erasing again goes on where it stopped.

        Args:
            wait: seconds to wait for readers that still see the old state.

        Raises:
            NotFoundError: the store neither has nor had that user.
        """
        with self.writing() as writer:
            deleted = writer.delete_user(user)
        state, reason, gone, left = self._finish(wait)
        bundles = tuple(registry.real_path(self.path, path) for path in deleted.bundles)
        return ErasureReport(
            state, reason, deleted.interactions, deleted.edges, deleted.properties, gone, left, bundles,
            deleted.preferences,
        )  # fmt: skip

    def finish_erasures(self, *, wait: float = BUSY_TIMEOUT) -> ErasureReport:
        """Go on with erasures that a crash or a reader stopped."""
        state, reason, gone, left = self._finish(wait)
        return ErasureReport(state, reason, snapshots_removed=gone, snapshots_left=left)

    def erasure_pending(self) -> bool:
        """Whether bytes of an erased user may still be in the store's files or in a snapshot on record."""
        with self._connect_reader() as connection:
            return erasure.is_pending(connection) or bool(erasure.stale_snapshots(connection))

    def _finish(self, wait: float) -> tuple[str, str | None, tuple[Path, ...], tuple[Path, ...]]:
        with self._connect_reader() as connection:
            pending, stale = erasure.is_pending(connection), erasure.stale_snapshots(connection)
        reason = self._rewrite(wait) if pending else None
        gone, left = erasure.remove_snapshots(self.path, stale)
        if left:
            reason = (
                reason or f"{len(left)} snapshot directories could not be deleted; check their permissions"
            )
        if pending or gone:
            with self._transaction() as connection:
                erasure.close_erasures(connection, gone, finished=reason is None)
        paths = [tuple(registry.real_path(self.path, path) for path in group) for group in (gone, left)]
        return "pending" if reason else "done", reason, paths[0], paths[1]

    def _rewrite(self, wait: float) -> str | None:
        with named_errors(self.path):
            pooled = self._writing_engine().raw_connection()
            try:
                return erasure.rewrite_file(pooled.driver_connection, wait)
            finally:
                pooled.close()

    def register_snapshot(
        self, path: str | os.PathLike[str], name: str, *, revision: int | None = None
    ) -> bool:
        """Note a snapshot directory, so that erasing a user finds it.

        Args:
            revision: the store's revision that the snapshot was read at; None is the present one.

        Returns:
            Whether a user was erased since that revision: then the snapshot must not be used.
        """
        stored = registry.stored_path(self.path, path)
        with self._transaction() as connection:
            return registry.register_snapshot(connection, stored, name, revision)

    def snapshots(self) -> list[SnapshotRecord]:
        """Every snapshot on record, oldest first."""
        with self._connect_reader() as connection:
            return registry.list_snapshots(connection, self.path)

    def mark_bundle(self, path: str | os.PathLike[str], snapshot: str, *, users: Iterable[str] = ()) -> bool:
        """Note a model bundle and the name of the snapshot that it was trained on.

        Args:
            users: the users in it, when known: it is flagged at once if one of them was erased.

        Returns:
            Whether the bundle holds an erased user and must be retrained.
        """
        user_type, stored = self.user_type, registry.stored_path(self.path, path)
        with self._transaction() as connection:
            return registry.mark_bundle(connection, stored, snapshot, users, user_type)

    def bundles(self) -> list[BundleRecord]:
        """Every bundle on record, oldest first; `flag` says which must be retrained."""
        with self._connect_reader() as connection:
            return registry.list_bundles(connection, self.path)

    def info(self) -> Info:
        """What the store holds, as JSON-ready values: counts by type, relation and kind, revision, books."""
        with self.reading(), self._connect_reader() as connection:
            described = health.describe(connection, self.path)
            bundles = [{"path": str(b.path), "snapshot": b.snapshot, "flag": b.flag} for b in self.bundles()]
            return {
                "url": self.url,
                **described,
                "bundles": bundles,
                "erasure_pending": self.erasure_pending(),
            }

    def check(self, *, full: bool = False) -> list[str]:
        """Sentences about what is wrong with the file; none for a sound store.

        Args:
            full: also compare indexes with tables, references with nodes and both directions of every edge:
                seconds per million edges.
        """
        try:
            with self._connect_reader() as connection:
                return health.problems(connection, self.path, full=full)
        except CorruptionError as error:
            return [str(error)]
