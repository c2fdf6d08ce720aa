"""Rows of what users say about themselves: reading, adding, taking back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeGuard

import sqlalchemy as sa

from graphrec.errors import InvalidInputError
from graphrec.store import tables as t
from graphrec.store.records import PREFERENCE_KINDS, Preference, PreferenceKind
from graphrec.store.resolver import REFUSED, NodeResolver
from graphrec.store.validate import clean_id, clean_text, clean_time

MAX_UTTERANCE = 2000
"""Characters of a provenance: people teach in a sentence, and every recommendation reads it again."""

_USER_TYPE = sa.func.coalesce(
    sa.select(t.node_type.c.name).where(t.node_type.c.role == "user").scalar_subquery(), "user"
)
_TAUGHT = (
    sa.select(
        t.preference.c.id, t.node.c.ext, t.preference.c.node_type, t.preference.c.ext,
        t.preference.c.kind, t.preference.c.utterance, t.preference.c.time,
    )
    .select_from(t.preference).join(t.node).join(t.node_type)
    .where(t.node.c.ext == sa.bindparam("user"), t.node_type.c.name == _USER_TYPE)
    .order_by(t.preference.c.id)
)  # fmt: skip


def taught_by(connection: sa.Connection, user: str) -> list[Preference]:
    """A user's preferences, oldest first: one query, two index lookups and as many rows as there are."""
    rows = connection.execute(_TAUGHT, {"user": clean_id(user, "user")})
    return [Preference(*row) for row in rows]


class PreferenceWriter:
    """Teaches and forgets inside one write transaction."""

    def __init__(self, connection: sa.Connection, nodes: NodeResolver) -> None:
        self._connection = connection
        self._nodes = nodes

    def teach(
        self, user: str, node_type: str, ext: str, kind: str, time: int, utterance: str, user_type: str
    ) -> Preference:
        """Add a preference in place of those that it contradicts or repeats.

        Raises:
            InvalidInputError: a value cannot be stored, or the user (or a user it is about) was erased.
        """
        new = _clean(user, node_type, ext, kind, time, utterance)
        row = self._user_row(new.user, user_type)
        if new.node_type == user_type and self._nodes.is_erased(user_type, new.ext):
            raise InvalidInputError(f"User {ext!r} was erased from this store; nothing can refer to them.")
        old = [known for known in taught_by(self._connection, new.user) if _gives_way(known, new)]
        self._delete(old)
        number = t.insert_named(
            self._connection, t.preference, user=row, node_type=new.node_type, ext=new.ext, kind=new.kind,
            utterance=new.utterance, time=new.time,
        )  # fmt: skip
        return replace(new, id=number, replaced=tuple(old))

    def forget(
        self, user: str, *, preference_id: int | None, node: tuple[str, str] | None, every: bool
    ) -> list[Preference]:
        """Delete preferences of a user, the latest one unless something else is named.

        Returns:
            Those that were deleted, oldest first.
        """
        known = taught_by(self._connection, user)
        if every:
            gone = known
        elif node is not None:
            target = clean_id(node[0], "node type"), clean_id(node[1], f"{node[0]} id")
            gone = [p for p in known if (p.node_type, p.ext) == target]
        elif preference_id is not None:
            gone = [p for p in known if p.id == preference_id]
        else:
            gone = known[-1:]
        self._delete(gone)
        return gone

    def _delete(self, preferences: Iterable[Preference]) -> None:
        delete = "DELETE FROM preference WHERE id = ?"
        for preference in preferences:
            self._connection.exec_driver_sql(delete, (preference.id,))

    def _user_row(self, user: str, user_type: str) -> int:
        """Row of the user, who is added when new. Their type is claimed as the type that interacts, as the first
        interaction would: an import that called users otherwise would leave behind what was taught.
        """
        claim = t.node_type.update().where(
            t.node_type.c.id == self._nodes.type_id(user_type), t.node_type.c.role.is_(None)
        )
        self._connection.execute(claim.values(role="user"))
        row = self._nodes.resolve(user_type, [user], "user", 1, create=True)[0]
        if row == REFUSED:
            raise InvalidInputError(
                f"User {user!r} was erased from this store and cannot return under that id."
            )
        return row


def _clean(user: str, node_type: str, ext: str, kind: str, time: int, utterance: str) -> Preference:
    if not _is_kind(kind):
        known = ", ".join(PREFERENCE_KINDS)
        raise InvalidInputError(f"{kind!r} is no kind of preference; give one of {known}.")
    if len(clean_text(utterance, "utterance")) > MAX_UTTERANCE:
        raise InvalidInputError(
            f"The utterance has {len(utterance)} characters; keep the sentence that taught it, "
            f"at most {MAX_UTTERANCE}."
        )
    return Preference(
        0, clean_id(user, "user"), clean_id(node_type, "node type"), clean_id(ext, f"{node_type} id"), kind,
        utterance, clean_time(time),
    )  # fmt: skip


def _is_kind(kind: str) -> TypeGuard[PreferenceKind]:
    return kind in PREFERENCE_KINDS


def _gives_way(known: Preference, new: Preference) -> bool:
    """Whether an older teaching on the same node makes room for a newer one.

    Likes and dislikes replace each other, and an allergy or a diet replaces both. An allergy or a diet gives way to
    its like only: "I don't like peanuts" or even "I love peanuts" takes no allergy away, that has to be forgotten.
    """
    same = (known.node_type, known.ext) == (new.node_type, new.ext)
    return same and (new.hard or not known.hard)
