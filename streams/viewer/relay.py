"""The three questions a wall puts to Prometheus, passed on unchanged, with limits; everything else is refused."""

import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse

QUESTIONS = re.compile(r"/api/v1/(query|query_range|label/[A-Za-z_][A-Za-z0-9_]{0,99}/values)")
PARAMETERS = {"query": {"query", "time"}, "query_range": {"query", "start", "end", "step"},
              "label": {"match[]", "start", "end"}}
LONGEST_QUESTION = 16_384  # characters
LARGEST_ANSWER = 16_000_000  # bytes
PATIENCE = 5.0  # seconds for the whole of one answer
AT_ONCE = 32  # questions under way; the browser itself asks six at a time
CHUNK = 65_536


@dataclass(frozen=True)
class Answer:
    """What goes back to the browser, always JSON."""

    status: int
    body: bytes


def refused(status: HTTPStatus, reason: str) -> Answer:
    """An answer of our own, in the shape of Prometheus."""
    return Answer(status, json.dumps({"status": "error", "error": reason}, ensure_ascii=False).encode())


class Relay:
    """Passes questions on to one Prometheus."""

    def __init__(self, url: str, *, patience: float = PATIENCE, largest: int = LARGEST_ANSWER) -> None:
        self._url = url.rstrip("/")
        self._patience = patience
        self._largest = largest
        self._free = threading.BoundedSemaphore(AT_ONCE)
        # neither a proxy of the machine nor a redirection may carry a question elsewhere
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirection())

    def ask(self, path: str, parameters: str) -> Answer:
        """The answer of Prometheus, or a refusal that says why."""
        question = QUESTIONS.fullmatch(path)
        if question is None:
            return refused(HTTPStatus.NOT_FOUND, "there are query, query_range and label values")
        if len(parameters) > LONGEST_QUESTION:
            return refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"the query is longer than {LONGEST_QUESTION} characters")
        said = urllib.parse.parse_qsl(parameters, keep_blank_values=True)
        strange = {name for name, _ in said} - PARAMETERS[question[1].partition("/")[0]]
        if strange:
            return refused(HTTPStatus.BAD_REQUEST, f"unknown parameters: {', '.join(sorted(strange))}")
        if not self._free.acquire(timeout=self._patience):
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "too many queries at once")
        try:
            return self._fetch(f"{self._url}{path}?{urllib.parse.urlencode(said)}")
        finally:
            self._free.release()

    def _fetch(self, url: str) -> Answer:
        until = time.monotonic() + self._patience
        try:
            with self._opener.open(url, timeout=self._patience) as answer:
                return self._read(answer, until)
        except urllib.error.HTTPError as error:  # Prometheus says what is wrong with a query by a status and JSON
            with error:
                body = error.read(CHUNK)
            if body.startswith(b"{"):
                return Answer(error.code, body)
            return refused(HTTPStatus.BAD_GATEWAY, f"Prometheus không trả lời / does not answer: HTTP {error.code}")
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            return refused(HTTPStatus.BAD_GATEWAY, f"Prometheus không trả lời / does not answer: {reason}")

    def _read(self, answer: HTTPResponse, until: float) -> Answer:
        body = bytearray()
        while chunk := answer.read1(CHUNK):
            body += chunk
            if len(body) > self._largest:
                return refused(HTTPStatus.BAD_GATEWAY, f"the answer is larger than {self._largest} bytes")
            if time.monotonic() > until:
                raise TimeoutError("timed out")
        return Answer(answer.status, bytes(body))


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """A redirection is an answer like any other: it is not followed."""

    def redirect_request(self, *_: object) -> None:
        """Never."""
