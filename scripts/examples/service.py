"""A recipe service over HTTP, with nothing but the standard library and graphrec.

    graphrec demo --dir demo
    python scripts/examples/service.py --model demo/ckgat --store sqlite:///demo/demo.db --port 8080

    curl -s localhost:8080/ -d '{"text": "thai soups without peanuts", "user": "ada", "session": "s1"}'
    curl -s localhost:8080/ -d '{"text": "only quick ones", "user": "ada", "session": "s1"}'

The same address takes requests of Alexa, Dialogflow, Lex and Rasa and answers each in its own form. Anyone who reaches
it may speak for any user and read what that user taught: put it behind your own authentication, and check the
signatures that platforms put on their requests.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from graphrec.nlu.dialogue import SessionStore
from graphrec.nlu.handler import RecipeRequestHandler

MAX_BODY = 1_000_000
TIMEOUT = 30.0


def service(handler: RecipeRequestHandler) -> type[BaseHTTPRequestHandler]:
    """The HTTP side of one handler, which all threads share."""

    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = TIMEOUT  # a client that sends nothing must not hold a thread

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BODY:
                self.close_connection = True  # the body is not read, so nothing can follow it
                return self._send(413 if length.isdecimal() else 411, {"error": f"send up to {MAX_BODY:,} bytes"})
            self._send(200, handler.handle(self.rfile.read(int(length))))

        def do_GET(self) -> None:
            self._send(200 if self.path == "/health" else 404, {"post": '{"text": "...", "user": "..."}'})

        def _send(self, status: int, answer: object) -> None:
            body = json.dumps(answer, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """No access log: what people ask is theirs."""

    return Service


def main() -> None:
    arguments = argparse.ArgumentParser(description="A recipe service over HTTP.")
    arguments.add_argument("--model", required=True, help="a trained bundle")
    arguments.add_argument("--nlu", help="a trained intent model; without it intents go by rules")
    arguments.add_argument("--store", help="sqlite:///recipes.db; without it nothing is remembered")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    options = arguments.parse_args()
    handler = RecipeRequestHandler.load(options.model, options.nlu, options.store, sessions=SessionStore())
    with ThreadingHTTPServer((options.host, options.port), service(handler)) as server:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        print(f"http://{options.host}:{server.server_address[1]}/", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
