"""What users say about themselves: read back, stored after a yes, kept in the conversation at once, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from graphrec.nlu.dialogue import Pending
from graphrec.nlu.handler.reply import Reply
from graphrec.nlu.handler.turn import ASK, Turn
from graphrec.nlu.handler.wording import Wording, listed
from graphrec.nlu.lexicon import Lexicon
from graphrec.nlu.plan import TaughtPreference
from graphrec.nlu.preferences import forbidden
from graphrec.ranking.live import StoredPreference
from graphrec.ranking.query import NodeRef

HARD = frozenset({"diet", "allergy"})


class PreferenceStore(Protocol):
    """The part of :class:`graphrec.store.GraphStore` that teaching uses."""

    def preferences(self, user: str) -> Sequence[StoredPreference]: ...
    def teach(
        self, user: str, node_type: str, ext: str, kind: str, utterance: str = ""
    ) -> StoredPreference: ...
    def forget_preference(
        self, user: str, preference_id: int | None = None
    ) -> Sequence[StoredPreference]: ...


class Teaching:
    """Turns that are about the user; safe to share between threads.

    Args:
        store: where preferences are kept; None keeps diets and allergies for the conversation alone.
        item_type: node type of the dishes.
        read_back: whether the recommender reads that store with every query.
    """

    def __init__(
        self, store: PreferenceStore | None, lexicon: Lexicon, words: Wording, item_type: str, *,
        read_back: bool,
    ) -> None:  # fmt: skip
        self.store, self.lexicon, self.words, self.item_type = store, lexicon, words, item_type
        self.read_back = read_back

    def add(self, turn: Turn) -> Reply:
        """Read back what was taught and ask whether to keep it. Diets and allergies count from now on, also unasked."""
        taught = turn.plan.preferences
        if not taught:
            return self._not_linked(turn)
        if self.store is None or turn.user is None:
            return self._for_now(turn, taught)
        if turn.result.intent is not None and turn.result.intent.status == "confirmed":
            return self._save(turn, taught)
        state = replace(turn.state, pending=Pending("add_preference", taught), kept=self._kept(turn, taught))
        question = f"So {self._said(taught)}. Shall I remember that?"
        return turn.reply(question, reprompt=question, state=state, asks=True)

    def offered(self, turn: Turn, reply: Reply, taught: tuple[TaughtPreference, ...]) -> Reply:
        """A list of dishes, and after it the question whether to keep what was said beside the request."""
        if self.store is None or turn.user is None or reply.state is None:
            return reply
        question = f"You said that {self._said(taught)}. Shall I remember that?"
        kept = tuple(dict.fromkeys([*reply.state.kept, *self._kept(turn, taught)]))
        state = replace(reply.state, pending=Pending("add_preference", taught), kept=kept)
        return replace(reply, speech=f"{reply.speech} {question}", reprompt=question, state=state, asks=True)

    def remove(self, turn: Turn) -> Reply:
        """Take back what was named, or else what was taught last. For diets and allergies that takes a yes."""
        named = turn.plan.preferences
        found = self._stored(turn, named)
        if not found and named:  # told in this conversation and never stored
            found = tuple(p for p in named if not self._nodes([p]).isdisjoint(turn.state.kept))
        if not found:
            turn.trace.fail("slots", "no such preference is stored")
            return turn.reply("I have nothing of that kind stored about you.")
        if any(p.kind in HARD for p in found) and not _confirmed(turn):
            question = f"I have stored that {self._said(found)}. Shall I forget that?"
            state = replace(turn.state, pending=Pending("remove_preference", found))
            return turn.reply(question, reprompt=question, state=state, asks=True)
        return self._forget(turn, found)

    def tell(self, turn: Turn) -> Reply:
        """What is stored about the user."""
        known = self._stored(turn, ())
        if not known:
            return turn.reply("You have not told me anything about yourself yet.")
        return turn.reply(f"You told me that {self._said(known)}.")

    def settle(self, turn: Turn, yes: bool) -> Reply:
        """The answer to the question that is open."""
        pending = turn.state.pending
        assert pending is not None
        if pending.action == "remove_preference":
            return (
                self._forget(turn, pending.preferences)
                if yes
                else self._leave(turn, "All right, it stays stored.")
            )
        if yes:
            return self._save(turn, pending.preferences)
        dropped = self._nodes(pending.preferences)
        kept = tuple(ref for ref in turn.state.kept if ref not in dropped)
        return self._leave(turn, "All right, I won't remember that.", kept=kept)

    def judged(self, turn: Turn, item: str, liked: bool) -> Reply:
        """An opinion of one dish; nothing is asked back, for it only moves scores."""
        node = NodeRef(self.item_type, item)
        if self.store is not None and turn.user is not None:
            with turn.trace.step("preferences") as step:
                kind = "like" if liked else "dislike"
                self.store.teach(turn.user, node.type, node.id, kind, turn.result.text or "")
                step.detail = f"{kind} {node}"
        name = self.words.name(node)
        return turn.reply(
            f"Glad you like {name}." if liked else f"All right, less like {name} from now on. {ASK}"
        )

    def _save(self, turn: Turn, taught: Iterable[TaughtPreference]) -> Reply:
        assert self.store is not None and turn.user is not None
        with turn.trace.step("preferences") as step:
            for p in taught:
                self.store.teach(turn.user, p.node.type, p.node.id, p.kind, p.utterance)
            step.detail = ", ".join(f"{p.kind} {p.node}" for p in taught)
        kept = self._kept(turn, taught)
        if self.read_back:  # the store has it now, and every query reads it from there
            kept = tuple(ref for ref in kept if ref not in self._nodes(taught))
        state = replace(turn.state, pending=None, kept=kept)
        return turn.reply(f"Noted: {self._said(taught)}. Say forget that to take it back.", state=state)

    def _forget(self, turn: Turn, gone: Sequence[TaughtPreference]) -> Reply:
        with turn.trace.step("preferences") as step:
            if self.store is not None and turn.user is not None:
                same = {(p.kind, str(p.node)) for p in gone}
                for stored in self.store.preferences(turn.user):
                    if (stored.kind, f"{stored.node_type}:{stored.ext}") in same:
                        self.store.forget_preference(turn.user, stored.id)
            step.detail = ", ".join(f"forgot {p.kind} {p.node}" for p in gone)
        dropped = self._nodes(gone)
        query = turn.state.query
        kept = tuple(ref for ref in turn.state.kept if ref not in dropped)
        allowed = tuple(ref for ref in query.must_not if ref not in dropped)
        return self._leave(
            turn, f"Forgotten: {self._said(gone)}.", kept=kept, query=replace(query, must_not=allowed)
        )

    def _leave(self, turn: Turn, speech: str, **changes: object) -> Reply:
        return turn.reply(speech, state=replace(turn.state, pending=None, **changes))  # type: ignore[arg-type]

    def _for_now(self, turn: Turn, taught: tuple[TaughtPreference, ...]) -> Reply:
        """Nothing can be stored: what must be kept is kept for the conversation."""
        if not any(p.kind in HARD for p in taught):
            return turn.reply("I can't remember that, because I don't know who you are.")
        state = replace(turn.state, kept=self._kept(turn, taught))
        return turn.reply(f"I'll keep to that for now: {self._said(taught)}. {ASK}", state=state)

    def _not_linked(self, turn: Turn) -> Reply:
        unknown = turn.plan.unlinked[:3]
        turn.trace.fail("link" if unknown else "slots", "the preference names nothing known")
        said = listed([repr(word) for word in unknown], "or")
        near = " ".join(["", *self.words.nearest(turn.plan.suggestions)])
        return turn.reply(f"I don't know {said}, so I can't keep to it.{near}" if unknown else "What about it?")

    def _stored(self, turn: Turn, named: Sequence[TaughtPreference]) -> tuple[TaughtPreference, ...]:
        """Preferences in the store: those named, or with none named all for telling and the latest for forgetting."""
        if self.store is None or turn.user is None:
            return ()
        every = tuple(
            TaughtPreference(p.kind, NodeRef(p.node_type, p.ext), p.utterance)
            for p in self.store.preferences(turn.user)
        )
        if named:
            nodes = {str(p.node) for p in named}
            return tuple(p for p in every if str(p.node) in nodes)
        return every if turn.plan.action == "list_preferences" else every[-1:]

    def _kept(self, turn: Turn, taught: Iterable[TaughtPreference]) -> tuple[NodeRef, ...]:
        return tuple(dict.fromkeys([*turn.state.kept, *sorted(self._nodes(taught), key=str)]))

    def _nodes(self, taught: Iterable[TaughtPreference]) -> frozenset[NodeRef]:
        """What diets and allergies forbid."""
        return frozenset(
            ref for p in taught if p.kind in HARD for ref in forbidden(p.kind, p.node, self.lexicon)
        )

    def _said(self, taught: Iterable[TaughtPreference]) -> str:
        return listed([self.words.taught(p) for p in taught])


def _confirmed(turn: Turn) -> bool:
    return turn.result.intent is not None and turn.result.intent.status == "confirmed"
