from __future__ import annotations

from graphrec.nlu.intents.proxies import unclaimed
from tests.nlu.intents.fakes import Words, data

STRANGE = ("history of mars", "price of rome", "colour of rome", "colour of music")
CLAIMED = ("bake the cake now", "set time please", "read the rice")


def test_sentences_that_an_intent_claims_are_left_out() -> None:
    mixed = [text for pair in zip(STRANGE, (*CLAIMED, "cook soup"), strict=True) for text in pair]
    assert unclaimed(data(proxies=False), Words(), mixed) == STRANGE


def test_the_bar_is_a_probability() -> None:
    everything = (*STRANGE, *CLAIMED)
    assert unclaimed(data(proxies=False), Words(), everything, claimed=1.0) == everything
    assert unclaimed(data(proxies=False), Words(), everything, claimed=0.0) == ()
    assert unclaimed(data(proxies=False), Words(), ()) == ()
