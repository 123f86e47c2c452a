"""A small HTTP server of ours: a thread a request, a port that cannot be had is an error that names its settings."""

import logging
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from schemas.errors import SettingError

log = logging.getLogger(__name__)


class Listener(ThreadingHTTPServer):
    """Listens from when it is made; answers while `serve_forever` runs.

    `who` is the word between IOC_ and _HOST or _PORT in the settings that chose the address.
    """

    daemon_threads = True

    def __init__(self, who: str, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            raise SettingError(f"IOC_{who}_HOST={host} IOC_{who}_PORT={port}: {error.strerror or error}; choose a "
                               f"free port, or end the program that has it") from None

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # socketserver's parameters
        """A client that goes away in mid-answer is no fault of ours."""
        log.debug("request from %s failed: %r", client_address, sys.exception())
