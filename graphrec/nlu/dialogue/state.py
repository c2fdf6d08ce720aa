"""Where a conversation stands, as small plain JSON that travels in a platform's session attributes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from graphrec.errors import InvalidInputError
from graphrec.nlu.plan import Action, PreferenceKind, TaughtPreference
from graphrec.ranking.query import GraphQuery, NodeRef

VERSION = 1
MAX_SHOWN, MAX_LISTED, MAX_PENDING, MAX_KEPT = 200, 50, 8, 500
MAX_ID, MAX_WORDS, MAX_NODES = 256, 1_000, 1_000
MAX_BYTES = 12_000
"""Half of what Alexa takes as a whole response (24 kB): speech and cards need the other half."""

PendingAction: TypeAlias = Literal["add_preference", "remove_preference"]
Value = TypeVar("Value")
_KEYS = {"v", "query", "shown", "listed", "action", "item", "pending", "kept", "confidence", "turn"}


@dataclass(frozen=True, slots=True)
class Pending:
    """What was read back to the user and waits for a yes.

    Args:
        action: whether the preferences are to be stored or taken back.
        preferences: what about.
    """

    action: PendingAction
    preferences: tuple[TaughtPreference, ...]


@dataclass(frozen=True, slots=True)
class DialogueState:
    """One conversation after some turns.

    Args:
        query: what is being looked for, refinements joined.
        shown: every item shown for it, oldest first.
        listed: the list shown last, best first; "the second one" counts in it.
        action: what was done last.
        item: external id of the dish talked about last.
        pending: what waits for a yes or a no.
        kept: exclusions that a new request in this conversation keeps: an allergy told once holds until it is
            taken back, whatever is looked for next.
        confidence: of the links behind soft requirements, by their text form; what relaxation may give up.
        turn: number of turns so far.
    """

    query: GraphQuery = field(default_factory=GraphQuery)
    shown: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    action: Action | None = None
    item: str | None = None
    pending: Pending | None = None
    kept: tuple[NodeRef, ...] = ()
    confidence: Mapping[str, float] = field(default_factory=dict)
    turn: int = 0

    @property
    def asked(self) -> bool:
        """Whether there is a request that a follow-up can refine."""
        query = self.query
        return bool(query.has_request or query.must_not or query.should_not or query.ranges)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; what holds its default is left out."""
        query = replace(self.query, note=None).to_json()
        filled = {key: value for key, value in query.items() if value not in (None, [], {}, "")}
        out: dict[str, Any] = {"v": VERSION, "turn": self.turn, "query": filled}
        for name in ("shown", "listed", "kept"):
            if values := getattr(self, name):
                out[name] = [str(value) for value in values]
        for name in ("action", "item"):
            if (value := getattr(self, name)) is not None:
                out[name] = value
        if self.confidence:
            out["confidence"] = {text: round(value, 3) for text, value in self.confidence.items()}
        if self.pending is not None:
            taught = [_taught_json(p) for p in self.pending.preferences]
            out["pending"] = {"action": self.pending.action, "preferences": taught}
        return out

    def fitted(self, limit: int = MAX_BYTES) -> DialogueState | None:
        """The same within `limit` bytes of JSON: the oldest items shown go first, then words no node links to.

        None when the constraints alone are larger: a conversation that forgets an exclusion would be worse than
        one that ends.
        """
        state = replace(
            self, shown=self.shown[-MAX_SHOWN:], listed=self.listed[:MAX_LISTED],
            query=replace(self.query, text=_cut(self.query.text)),
        )  # fmt: skip
        while (excess := state.size() - limit) > 0:
            if state.shown:
                per_item = len(state.shown[0].encode()) + 4
                state = replace(state, shown=state.shown[max(1, min(len(state.shown), excess // per_item)) :])
            elif state.query.text:
                state = replace(state, query=replace(state.query, text=""))
            else:
                return None
        return state if _within_counts(state) else None

    def size(self) -> int:
        """Bytes of the compact JSON."""
        return len(json.dumps(self.to_json(), separators=(",", ":")).encode())

    @classmethod
    def from_json(cls, data: Any) -> DialogueState:
        """The inverse of :meth:`to_json`, for JSON that has been outside: everything is checked.

        Args:
            data: the object, or its JSON text (platforms whose attributes are strings).

        Raises:
            InvalidInputError: not such an object, another version, or larger than this would ever write.
        """
        if isinstance(data, str):
            data = _loads(data)
        if not isinstance(data, Mapping) or data.get("v") != VERSION:
            raise InvalidInputError(
                f"The conversation's state is not version {VERSION} of its JSON; drop it."
            )
        unknown = sorted(str(key) for key in set(data) - _KEYS)
        if unknown:
            raise InvalidInputError(f"The state of a conversation has no {', '.join(unknown)}; drop it.")
        action = data.get("action")
        if action is not None and action not in get_args(Action):
            raise InvalidInputError(f"The conversation's state names no known action: {action!r:.80}.")
        return cls(
            query=_query(data.get("query")),
            shown=_ids(data, "shown", MAX_SHOWN),
            listed=_ids(data, "listed", MAX_LISTED),
            action=action,
            item=None if data.get("item") is None else _identifier(data["item"], "item"),
            pending=_pending(data.get("pending")),
            kept=tuple(_ref(value) for value in _ids(data, "kept", MAX_KEPT)),
            confidence=_confidence(data.get("confidence", {})),
            turn=_turn(data.get("turn", 0)),
        )


def _taught_json(taught: TaughtPreference) -> dict[str, str]:
    return {"kind": taught.kind, "node": str(taught.node), "utterance": taught.utterance[:MAX_WORDS]}


def _cut(text: str) -> str:
    """At most so many characters, ending with a whole word."""
    return text if len(text) <= MAX_WORDS else text[:MAX_WORDS].rpartition(" ")[0]


def _within_counts(state: DialogueState) -> bool:
    """Whether reading would take the lists back as they are."""
    nodes = len(state.query.refs()) + len(state.query.must_not) + len(state.query.should_not)
    return len(state.kept) <= MAX_KEPT and nodes <= MAX_NODES


def _loads(text: str) -> Any:
    try:
        return json.loads(text) if len(text) <= 8 * MAX_BYTES else None
    except (ValueError, RecursionError):
        return None


def _checked(make: Callable[[], Value], what: str) -> Value:
    try:
        return make()
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidInputError(f"The {what} in the conversation's state cannot be used: {error}") from error


def _query(data: Any) -> GraphQuery:
    if data is None:
        return GraphQuery()
    if not isinstance(data, Mapping):
        raise InvalidInputError("The query in the conversation's state must be an object.")
    # Platforms that keep numbers as doubles (Dialogflow's Struct) give back a k of 5.0.
    whole = {
        k: int(v) if k == "k" and isinstance(v, float) and v.is_integer() else v for k, v in data.items()
    }
    query: GraphQuery = _checked(lambda: GraphQuery.from_json(whole), "query")
    refs = (*query.refs(), *query.must_not, *query.should_not)
    if len(refs) > MAX_NODES or len(query.text) > MAX_WORDS or any(len(ref.id) > MAX_ID for ref in refs):
        raise InvalidInputError("The query in the conversation's state is larger than any that was written.")
    return query


def _ids(data: Mapping[str, Any], name: str, limit: int) -> tuple[str, ...]:
    values = data.get(name, ())
    if not isinstance(values, list | tuple) or len(values) > limit:
        raise InvalidInputError(f"{name!r} in the conversation's state must be a list of up to {limit} ids.")
    return tuple(_identifier(value, name) for value in values)


def _identifier(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise InvalidInputError(f"{name!r} in the conversation's state holds {value!r:.80}, which is no id.")
    return value


def _ref(text: str) -> NodeRef:
    return _checked(lambda: NodeRef.parse(text), "node")


def _pending(data: Any) -> Pending | None:
    if data is None:
        return None
    if not isinstance(data, Mapping) or data.get("action") not in get_args(PendingAction):
        raise InvalidInputError("'pending' in the conversation's state names no known action.")
    taught = data.get("preferences")
    if not isinstance(taught, list) or len(taught) > MAX_PENDING:
        raise InvalidInputError(
            f"'pending' in the conversation's state holds more than {MAX_PENDING} preferences."
        )
    return Pending(data["action"], tuple(_taught(entry) for entry in taught))


def _taught(data: Any) -> TaughtPreference:
    if not isinstance(data, Mapping) or data.get("kind") not in get_args(PreferenceKind):
        raise InvalidInputError("A preference in the conversation's state has no known kind.")
    utterance = data.get("utterance", "")
    if not isinstance(utterance, str) or len(utterance) > MAX_WORDS:
        raise InvalidInputError("A preference in the conversation's state has no usable utterance.")
    return TaughtPreference(data["kind"], _ref(_identifier(data.get("node"), "node")), utterance)


def _confidence(data: Any) -> dict[str, float]:
    fits = isinstance(data, Mapping) and len(data) <= MAX_NODES
    if not fits or not all(
        isinstance(text, str)
        and not isinstance(value, bool)
        and isinstance(value, int | float)
        and 0 <= value <= 1
        for text, value in data.items()
    ):
        raise InvalidInputError("'confidence' in the conversation's state must hold numbers from 0 to 1.")
    return {text: float(value) for text, value in data.items()}


def _turn(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
        raise InvalidInputError(f"'turn' in the conversation's state must be a number, not {value!r:.80}.")
    return value
