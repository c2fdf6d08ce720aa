"""From a platform's request to its response: read, understand, continue the conversation, answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

from graphrec.errors import GraphRecError, InvalidInputError
from graphrec.nlu.dialogue import DialogueState, SessionStore
from graphrec.nlu.handler.answering import Answering
from graphrec.nlu.handler.envelope import Envelope, open_envelope, sniff
from graphrec.nlu.handler.habits import Habits
from graphrec.nlu.handler.novel import NovelSink
from graphrec.nlu.handler.reading import Understanding, opened, page_size, read_utterance
from graphrec.nlu.handler.reply import Reply
from graphrec.nlu.handler.respond import respond
from graphrec.nlu.handler.trace import Trace
from graphrec.nlu.handler.turn import ASK, Turn
from graphrec.ranking.query import GraphQuery

if TYPE_CHECKING:
    from graphrec.bundle import Catalogue
    from graphrec.nlu.adapter import Adapter
    from graphrec.nlu.handler.teaching import PreferenceStore
    from graphrec.nlu.intent_memory import IntentMemory
    from graphrec.nlu.intents import IntentModel
    from graphrec.nlu.neighbours import Neighbours
    from graphrec.nlu.pipeline import Pipeline
    from graphrec.nlu.recommender import Recommender

_log = logging.getLogger(__name__)
_PAGE = 5


@dataclass(frozen=True, slots=True)
class _Wired:
    """What goes by one catalogue."""

    catalogue: Catalogue
    pipeline: Pipeline
    adapter: Adapter
    understanding: Understanding
    answering: Answering


class RecipeRequestHandler:
    """Answers requests of assistant platforms and plain services. Safe to share between threads.

    Args:
        recommender: ranks, and knows the catalogue.
        nlu: understands plain text; a memory of intents that it carries learns from what is handled.
        store: where taught preferences are kept; None remembers nothing beyond the conversation.
        sessions: keeps conversations for callers whose platform does not; None keeps none here.
        adapter: from an understood utterance to a plan; the shipped maps by default.
        novel: takes utterances that fit no intent. Off by default: they are personal data.
        page: dishes shown at a time, where a request does not say.
    """

    def __init__(
        self, recommender: Recommender, nlu: Pipeline, *, store: PreferenceStore | None = None,
        sessions: SessionStore | None = None, adapter: Adapter | None = None, novel: NovelSink | None = None,
        page: int = _PAGE,
    ) -> None:  # fmt: skip
        if adapter is None:
            from graphrec.nlu.adapter import Adapter

            adapter = Adapter.of(recommender)
        self.recommender, self.sessions, self.page = recommender, sessions, page
        self._store, self._novel, self._wiring = store, novel, Lock()
        self._habits = None if nlu.memory is None else Habits(nlu.memory, adapter.maps)
        self._wired = self._wire(nlu, adapter)

    @property
    def pipeline(self) -> Pipeline:
        """What understands plain text about the catalogue that the last turn knew."""
        return self._wired.pipeline

    @property
    def adapter(self) -> Adapter:
        """What makes plans over that catalogue."""
        return self._wired.adapter

    def _wire(self, nlu: Pipeline, adapter: Adapter) -> _Wired:
        """All that goes by the recommender's catalogue as it is in this thread."""
        understanding = Understanding(nlu, adapter)
        answering = Answering(self.recommender, understanding, self._store, self._novel)
        return _Wired(self.recommender.catalogue, nlu, adapter, understanding, answering)

    def _now(self) -> _Wired:
        """The same, made anew where recipes or attributes have come into the store."""
        catalogue, wired = self.recommender.catalogue, self._wired
        if wired.catalogue is catalogue:
            return wired
        with self._wiring:
            wired = self._wired
            if wired.catalogue is not catalogue:
                parser = self.recommender.parser
                wired = self._wire(wired.pipeline.over(parser), wired.adapter.over(parser, catalogue))
                self._wired = wired
        return wired

    @classmethod
    def load(
        cls, bundle_dir: Path | str, nlu_dir: Path | str | None = None, store: Any | None = None, *,
        memory: Path | str | IntentMemory | None = None, neighbours: Path | str | bool = True, **more: Any,
    ) -> Self:  # fmt: skip
        """A handler from folders.

        Args:
            bundle_dir: a trained bundle.
            nlu_dir: a trained intent model; None goes by rules.
            store: an open store or its URL: histories are read from it and preferences kept in it.
            memory: what users meant before, which re-ranks intents that the model is not sure of; a file of
                :meth:`~graphrec.nlu.intent_memory.IntentMemory.save`, which need not be there yet. None, the default,
                remembers nothing of the kind. Saving it is up to the caller.
            neighbours: offer the nearest nodes for words that link to nothing, where the intent model's encoder is
                MiniLM; False never does. A file keeps the vectors of the catalogue's names from one start to the
                next, which saves about 2 ms a name.
            more: what :class:`RecipeRequestHandler` takes besides; conversations are kept in a new
                :class:`SessionStore` unless `sessions` says otherwise.
        """
        from graphrec.nlu.pipeline import Pipeline
        from graphrec.nlu.recommender import Recommender

        if isinstance(store, str):
            from graphrec.store import GraphStore

            store = GraphStore.open(store, create=False)
        recommender = Recommender.load(bundle_dir, store=store)
        model = None
        if nlu_dir is not None:
            from graphrec.nlu.intents import IntentModel

            model = IntentModel.load(nlu_dir)
        kept = cast("PreferenceStore | None", store)
        more.setdefault("sessions", SessionStore())
        near = _neighbours(neighbours, model, recommender)
        pipeline = Pipeline(model, recommender.parser, _memory(memory, model), near)
        handler = cls(recommender, pipeline, store=kept, **more)
        handler.warm_up()
        return handler

    def warm_up(self) -> None:
        """Build what is built at the first request (lexicon, titles, taxonomy): about half a second's work."""
        adapter, pipeline = self.adapter, self.pipeline
        plan = adapter.plan(pipeline.understand("something like soup"), GraphQuery(k=1))
        self.recommender.answer(plan.query, explain=True)

    def handle(self, request: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
        """The response to a request, in the form of the platform that sent it; never raises.

        Args:
            request: the JSON object of a platform, or its text; for a plain service `{"text": "thai soups", "user":
                "u1", "session": "s1"}`, all but `text` optional.

        Returns:
            Plain JSON types. What could not be read or answered is said in it, and its trace says where it failed.
        """
        trace = Trace()
        try:
            with trace.step("open"):
                envelope = open_envelope(request)
        except InvalidInputError as error:
            return respond(_unread(trace, error), Envelope(sniff(request)))
        return respond(self._reply(envelope, trace), envelope)

    def _reply(self, envelope: Envelope, trace: Trace) -> Reply:
        turn = Turn(envelope, trace, k=self.page)
        try:
            with self.recommender.steady():  # read, understood and answered by one catalogue
                return self._answer(turn, self._now())
        except InvalidInputError as error:
            return replace(_unread(trace, error), state=turn.state, reprompt=ASK)
        except GraphRecError as error:
            _log.warning("a request failed: %s", error)
            return replace(_failed(trace), error=str(error), state=turn.state)
        except Exception:  # a service must answer; the traceback is for its log
            _log.exception("a request failed in stage %s", trace.stage)
            return replace(_failed(trace), state=turn.state)

    def _answer(self, turn: Turn, wired: _Wired) -> Reply:
        envelope, trace = turn.envelope, turn.trace
        if envelope.kind == "launch":
            return Reply(f"Hello! {ASK}", "help", ASK, trace=trace)
        if envelope.kind == "ended":
            return Reply("", "stop", trace=trace)
        with trace.step("read"):
            turn.result, turn.k = read_utterance(envelope), page_size(envelope, self.page)
        with trace.step("dialogue") as step:
            opened(turn, self._resumed(turn))
            step.detail = f"turn {turn.state.turn + 1}"
        reply = wired.answering.settled(turn)
        if reply is None and not turn.result.complete and envelope.platform in ("alexa", "lex"):
            return Reply("", "delegate", ASK, state=turn.state, delegates=True, trace=trace)
        if reply is None:
            wired.understanding.understand(turn)
            reply = wired.answering.answer(turn)
        if self._habits is not None:
            self._habits.heard(turn, reply)
        return self._kept(turn, reply)

    def _resumed(self, turn: Turn) -> DialogueState:
        """The conversation so far: what the platform carried, else what is kept here."""
        user, session = turn.user, turn.result.session
        if turn.envelope.carried is not None:
            try:
                return _for_user(DialogueState.from_json(turn.envelope.carried), user)
            except InvalidInputError as error:
                _log.warning("a conversation starts anew: %s", error)
                turn.before.append("I lost track of what we said before.")
        elif self.sessions is not None and session is not None:
            return self.sessions.get(user, session) or DialogueState()
        return DialogueState()

    def _kept(self, turn: Turn, reply: Reply) -> Reply:
        """The reply with its state cut to size, and kept here where the platform does not."""
        if turn.envelope.kind == "can_fulfill":
            return reply
        session = turn.result.session
        state = None if reply.ends or reply.state is None else reply.state.fitted()
        if self.sessions is not None and session is not None:
            if state is None:
                self.sessions.drop(turn.user, session)
            else:
                self.sessions.put(turn.user, session, state)
        if state is None and not reply.ends:
            lost = "That is more than I can remember for your next question."
            return replace(reply, speech=f"{reply.speech} {lost}", state=None)
        return replace(reply, state=state)


def _memory(given: Path | str | IntentMemory | None, model: IntentModel | None) -> IntentMemory | None:
    """The memory to use: as given, from its file, or a new one where the file is not there yet."""
    if given is None or not isinstance(given, Path | str):
        return given
    if model is None:
        raise InvalidInputError("A memory of intents needs a trained intent model beside it (nlu_dir).")
    from graphrec.nlu.intent_memory import IntentMemory
    from graphrec.nlu.intent_ranker import IntentRanker

    return IntentMemory.load(given, model) if Path(given).exists() else IntentMemory(IntentRanker.of(model))


def _neighbours(
    given: Path | str | bool, model: IntentModel | None, recommender: Recommender
) -> Neighbours | None:
    if given is False or model is None:
        return None
    from graphrec.nlu.neighbours import Neighbours

    return Neighbours.of(recommender.lexicon, model.encoder, None if given is True else given)


def _for_user(state: DialogueState, user: str | None) -> DialogueState:
    """What waits for a yes waits for it from the one who was asked."""
    return state if state.query.user == user else replace(state, pending=None)


def _unread(trace: Trace, error: InvalidInputError) -> Reply:
    if trace.failed_at == "none":
        trace.fail("read", str(error))
    return Reply("Sorry, I could not read that request.", "fallback", error=str(error), trace=trace)


def _failed(trace: Trace) -> Reply:
    return Reply("Sorry, something went wrong on my side. Please try again.", "fallback", ASK, trace=trace)
