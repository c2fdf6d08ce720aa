"""Which intent an utterance has, how sure that is, and whether it is any of the known ones."""

from __future__ import annotations

from graphrec.nlu.intents.data import IntentData, Utterance
from graphrec.nlu.intents.model import Classification, IntentModel
from graphrec.nlu.intents.readers import read_intents
from graphrec.nlu.intents.training import train_intents

__all__ = ["Classification", "IntentData", "IntentModel", "Utterance", "read_intents", "train_intents"]
