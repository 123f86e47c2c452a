"""`ioc notify`, wired: settings in, a receiver that listens until it is told to stop."""

import argparse
import logging
import signal
import threading
import time

from schemas.errors import SettingError
from streams.notify.judge import Patience
from streams.notify.memory import MemoryFile
from streams.notify.notebook import Notebook
from streams.notify.receiver import Receiver
from streams.notify.webhook import Webhook
from streams.settings import Settings

TICK_SECONDS = 1.0

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the verb: none, everything is a setting."""


def run(settings: Settings, args: argparse.Namespace) -> int:  # noqa: ARG001  # every verb is given its arguments
    """Takes alerts until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    receiver = create_receiver(settings)
    webhook = Webhook(settings.notify_host, settings.notify_port, receiver)
    threading.Thread(target=webhook.serve_forever, name="webhook", daemon=True).start()
    log.info("alerts are written to %s", settings.notify_folder.resolve())
    while not asked.wait(TICK_SECONDS):
        receiver.tick()
    webhook.shutdown()
    webhook.server_close()
    return 0


def create_receiver(settings: Settings) -> Receiver:
    """The receiver of these settings.

    Raises:
        SettingError: its folder cannot be written.
        SnapshotError: what it remembered cannot be read.
    """
    patience = Patience(settings.notify_beat_seconds, settings.notify_confirm_seconds, settings.notify_release_seconds)
    try:
        notebook = Notebook(settings.notify_folder)
    except OSError as error:
        raise SettingError(f"IOC_NOTIFY_FOLDER={settings.notify_folder}: {error.strerror}; choose a folder that can be "
                           "written") from None
    return Receiver(notebook, MemoryFile(settings.notify_folder / "memory.json"), patience, time.time)
