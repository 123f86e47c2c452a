"""Stands in for `python -m streams` where a test is about the stack, not about what runs in it; copied into a tree.

FAKE_<VERB>=fail makes a verb end with code 3; FAKE_<VERB>=hang makes the worker never ready.
"""

import http.server
import os
import signal
import sys
from pathlib import Path

PAGE = "# HELP fake_number A number.\n# TYPE fake_number gauge\nfake_number 42\n"


class Page(http.server.BaseHTTPRequestHandler):
    """Answers /metrics and /readyz."""

    def do_GET(self) -> None:
        body = PAGE.encode()
        self.send_response(503 if os.environ.get("FAKE_WORKER") == "hang" else 200)
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
    elif verb == "worker":
        address = (os.environ["IOC_METRICS_HOST"], int(os.environ["IOC_METRICS_PORT"]))
        http.server.ThreadingHTTPServer(address, Page).serve_forever()
    else:
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
