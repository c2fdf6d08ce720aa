"""The part of a store that remembers what users say about themselves."""

from __future__ import annotations

import time as clock

from graphrec.errors import InvalidInputError
from graphrec.store.column_reads import ColumnReads
from graphrec.store.preference_rows import taught_by
from graphrec.store.records import Preference


class StorePreferences(ColumnReads):
    """Preferences: taught one by one, read with every recommendation, forgotten at will."""

    def preferences(self, user: str) -> list[Preference]:
        """What a user taught about themselves, oldest first; none for an unknown user."""
        with self._connect_reader() as connection:
            return taught_by(connection, user)

    def teach(
        self, user: str, node_type: str, ext: str, kind: str, utterance: str = "", *, time: int | None = None
    ) -> Preference:
        """Remember something a user says about themselves; durable when this returns.

        A newer teaching on the same node takes the place of an older one that it contradicts or repeats, except
        that a like or dislike never takes the place of an allergy or a diet: those stay until they are forgotten.

        Args:
            user: external id; an unknown user is added.
            node_type: type of the target; a diet is `diet` with its name.
            ext: external id of the target, known to the store or not.
            kind: like, dislike, diet or allergy.
            utterance: the words it was taught with, at most 2,000 characters.
            time: microseconds UTC; None is now.

        Returns:
            The preference with its number and with what it replaced.

        Raises:
            InvalidInputError: a value cannot be stored, or the user was erased.
        """
        when = clock.time_ns() // 1000 if time is None else time
        with self.writing() as writer:
            return writer.teach(user, node_type, ext, kind, when, utterance)

    def forget_preference(
        self, user: str, preference_id: int | None = None, *, node: tuple[str, str] | None = None,
        every: bool = False,
    ) -> list[Preference]:  # fmt: skip
        """Delete what a user taught; without further arguments the latest of it. Durable when this returns.

        The row is gone rather than marked, for it is the user's to take back. Copies of its page may stay in the
        write-ahead log until that is emptied, which closing the store does; only :meth:`erase` promises more.

        Args:
            preference_id: the number of one preference.
            node: (type, id): all that was taught about one node.
            every: all of it.

        Returns:
            What was deleted, oldest first; nothing when there was nothing, as for an unknown user.

        Raises:
            InvalidInputError: more than one of the three is given.
        """
        if (preference_id is not None) + (node is not None) + every > 1:
            raise InvalidInputError("Give one of a preference's number, a node and every; not several.")
        with self.writing() as writer:
            return writer.forget(user, preference_id=preference_id, node=node, every=every)
