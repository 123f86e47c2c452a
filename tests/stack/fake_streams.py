"""Stands in for `python -m streams` where a test is about the stack, not about what runs in it; copied into a tree.

FAKE_<VERB>=fail makes a verb end with code 3; FAKE_<VERB>=hang makes the worker never ready.
"""

import http.server
import os
import signal
import sys
from pathlib import Path

LISTEN = {"worker": "METRICS", "notify": "NOTIFY", "viewer": "VIEWER"}
PAGE = "# HELP fake_number A number.\n# TYPE fake_number gauge\nfake_number 42\n"


class Page(http.server.BaseHTTPRequestHandler):
    """Answers /metrics and /readyz."""

    def do_GET(self) -> None:
        body = PAGE.encode()
        hangs = sys.argv[1] == "worker" and os.environ.get("FAKE_WORKER") == "hang"
        self.send_response(503 if hangs else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def main() -> int:
    """Runs one fake verb."""
    verb = sys.argv[1]
    if os.environ.get(f"FAKE_{verb.upper()}") == "fail":
        print("ERROR the fake was told to fail", flush=True)
        return 3
    print("fake", *sys.argv[1:], flush=True)
    if verb == "topics":
        with Path("topics-provisioned").open("a") as file:
            file.write(os.environ["IOC_BROKERS"] + "\n")
    elif verb in LISTEN and "--list" not in sys.argv:
        host, port = (os.environ[f"IOC_{LISTEN[verb]}_{what}"] for what in ("HOST", "PORT"))
        http.server.ThreadingHTTPServer((host, int(port)), Page).serve_forever()
    elif verb not in LISTEN:
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
