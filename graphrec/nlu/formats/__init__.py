"""Readers for what assistant platforms send: each turns one into an `NLUResult`."""

from __future__ import annotations

from graphrec.nlu.formats.detect import FORMATS, detect, read
from graphrec.nlu.formats.fields import MAX_BYTES, MAX_DEPTH, parse_json
from graphrec.nlu.formats.native import result_from_json, result_to_json

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "MAX_DEPTH",
    "detect",
    "parse_json",
    "read",
    "result_from_json",
    "result_to_json",
]
