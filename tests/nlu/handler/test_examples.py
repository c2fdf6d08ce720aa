"""The examples run as they are, in processes of their own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphrec.store import GraphStore
from tests.nlu.handler.conftest import Kitchen

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "scripts" / "examples"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def objects(text: str) -> list[Any]:
    """JSON values printed one after the other."""
    found, decoder = [], json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    return found


def test_the_alexa_skill_holds_a_conversation_and_loads_no_torch(kitchen: Kitchen) -> None:
    events = [EXAMPLES / "alexa_event.json", EXAMPLES / "alexa_event_refine.json"]
    script = (
        "import sys, runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
        "assert not {'torch', 'sklearn', 'pandas', 'networkx'} & set(sys.modules)"
    )
    command = [
        sys.executable,
        "-c",
        script,
        EXAMPLES / "alexa_skill.py",
        "--model",
        kitchen.bundle,
        "--event",
        *events,
    ]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=True
    )
    first, second = objects(done.stdout)
    assert first["sessionAttributes"]["graphrec"]["query"]["must"] == ["cuisine:thai", "ingredient:chicken"]
    query = second["sessionAttributes"]["graphrec"]["query"]
    assert query["must"] == ["cuisine:thai", "ingredient:chicken"]
    assert {"ingredient:peanut", "ingredient:dairy"} <= set(query["must_not"])
    assert query["ranges"] == {"total_minutes": [None, 30.0]}
    assert second["response"]["outputSpeech"]["ssml"].startswith("<speak>") and second["response"]["card"]


def test_the_interaction_model_and_the_events_name_the_same_slots() -> None:
    model = json.loads((EXAMPLES / "alexa_interaction_model.json").read_text(encoding="utf-8"))
    language = model["interactionModel"]["languageModel"]
    intents = {
        intent["name"]: {slot["name"] for slot in intent.get("slots", [])} for intent in language["intents"]
    }
    own = {kind["name"] for kind in language["types"]}
    for intent in language["intents"]:
        named = {slot["name"]: slot["type"] for slot in intent.get("slots", [])}
        assert all(kind.startswith("AMAZON.") or kind in own for kind in named.values())
        for sample in intent["samples"]:
            used = {part.partition("}")[0] for part in sample.split("{")[1:]}
            assert used <= set(named)
    for path in EXAMPLES.glob("alexa_event*.json"):
        asked = json.loads(path.read_text(encoding="utf-8"))["request"]["intent"]
        assert set(asked["slots"]) == intents[asked["name"]]


@pytest.fixture
def service(kitchen: Kitchen, store: GraphStore) -> Iterator[str]:
    """Address of the running service."""
    command = [EXAMPLES / "service.py", "--model", kitchen.bundle, "--store", store.url, "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, *map(str, command)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def post(address: str, body: bytes) -> dict[str, Any]:
    with urllib.request.urlopen(urllib.request.Request(address, body, method="POST"), timeout=60) as response:
        assert response.headers["Content-Type"].startswith("application/json")
        return dict(json.load(response))


def test_the_service_keeps_conversations_and_preferences(service: str, store: GraphStore) -> None:
    def say(text: str, session: str = "s1") -> dict[str, Any]:
        return post(service, json.dumps({"text": text, "user": "ada", "session": session}).encode())

    assert say("thai main dishes")["query"]["must"] == ["cuisine:thai", "course:main dish"]
    assert say("without peanuts")["query"]["must_not"] == ["ingredient:peanut"]
    assert say("I'm allergic to shrimp")["asks"]
    say("yes")
    assert [p.ext for p in store.preferences("ada")] == ["shrimp"]
    assert "ingredient:shrimp" in say("chinese dishes", "s2")["query"]["must_not"]
    assert "error" in post(service, b"{")
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(service).netloc, timeout=60)
    connection.request("POST", "/", headers={"Content-Length": "1000001"})
    assert connection.getresponse().status == 413
    connection.close()
