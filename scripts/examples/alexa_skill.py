"""An Alexa skill for recipes: the Lambda function, runnable here on an example event.

    graphrec demo --dir demo
    python scripts/examples/alexa_skill.py --model demo/ckgat --event scripts/examples/alexa_event.json

To deploy: put graphrec, a bundle and (optionally) an intent model into the function's image, set GRAPHREC_MODEL,
GRAPHREC_NLU and GRAPHREC_STORE, name `alexa_skill.lambda_handler` as its handler, and build the skill from
`alexa_interaction_model.json`. The conversation travels in Alexa's session attributes, so that any copy of the function
can take the next turn. Restrict the trigger to your skill's id: whoever can call the function can speak for any user.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from graphrec.nlu.handler import RecipeRequestHandler


@cache
def _handler() -> RecipeRequestHandler:
    """Loaded once for as long as the function stays warm."""
    model = os.environ.get("GRAPHREC_MODEL", "model")
    return RecipeRequestHandler.load(model, os.environ.get("GRAPHREC_NLU"), os.environ.get("GRAPHREC_STORE"))


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls with every request of the skill."""
    return _handler().handle(event)


def main() -> None:
    here = Path(__file__).resolve().parent
    arguments = argparse.ArgumentParser(description="Run the skill on example events, as one conversation.")
    arguments.add_argument("--model", required=True, help="a trained bundle")
    arguments.add_argument("--nlu", help="a trained intent model; without it intents go by rules")
    arguments.add_argument("--store", help="sqlite:///recipes.db; without it nothing is remembered")
    arguments.add_argument("--event", type=Path, nargs="+", default=[here / "alexa_event.json"])
    options = arguments.parse_args()
    os.environ["GRAPHREC_MODEL"] = options.model
    for name in ("nlu", "store"):
        if getattr(options, name):
            os.environ[f"GRAPHREC_{name.upper()}"] = getattr(options, name)
    attributes: dict[str, Any] = {}
    for path in options.event:
        event = json.loads(path.read_text(encoding="utf-8"))
        event["session"]["attributes"] = attributes  # as Alexa does between the turns of a session
        response = lambda_handler(event, None)
        attributes = response.get("sessionAttributes", {})
        json.dump(response, sys.stdout, indent=1, ensure_ascii=False)
        print()


if __name__ == "__main__":
    main()
