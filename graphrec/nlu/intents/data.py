"""What intents are learned from, whatever file it came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from graphrec.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled sentence.

    Args:
        text: as said.
        intent: what the speaker wants done.
        domain: group of the intent, None where the source has none.
        group: fillings of one template share it; they are held out together, for they nearly repeat each other.
    """

    text: str
    intent: str
    domain: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class IntentData:
    """Utterances by what they are for.

    Args:
        train: to learn from.
        proxies: sentences that fit no intent; learned as a class of their own, so that it attracts what is out
            of scope.
        validation: held out by the source to choose settings; empty means cross-validation.
        outside: labelled out-of-scope sentences to choose the threshold by, never learned from.
        test: for the benchmarks alone.
        test_outside: out-of-scope sentences of the test.
    """

    train: tuple[Utterance, ...]
    proxies: tuple[str, ...] = ()
    validation: tuple[Utterance, ...] = ()
    outside: tuple[str, ...] = ()
    test: tuple[Utterance, ...] = ()
    test_outside: tuple[str, ...] = ()

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of the intents, sorted."""
        return tuple(sorted({u.intent for u in self.train}))

    @property
    def texts(self) -> tuple[str, ...]:
        """What is learned from, proxies last."""
        return (*(utterance.text for utterance in self.train), *self.proxies)

    def domains(self) -> dict[str, str | None]:
        """The domain of each intent.

        Raises:
            InvalidInputError: one intent stands in two domains.
        """
        found: dict[str, str | None] = {}
        for utterance in self.train:
            known = found.setdefault(utterance.intent, utterance.domain)
            if known != utterance.domain:
                raise InvalidInputError(
                    f"Intent {utterance.intent!r} stands in the domains {known!r} and {utterance.domain!r}; "
                    f"give it one."
                )
        return found

    def digest(self) -> str:
        """SHA-256 of what is learned and chosen from, in hex; the order of the utterances counts."""
        rows = [
            [[u.text, u.intent, u.domain, u.group] for u in part] for part in (self.train, self.validation)
        ]
        text = json.dumps([rows, self.proxies, self.outside], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
