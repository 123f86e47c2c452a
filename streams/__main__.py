"""The verbs of `ioc`, each in its own module, which is imported only when the verb is asked for."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import NamedTuple

from schemas.errors import IocError
from streams import __version__
from streams.settings import load_settings

INTERRUPTED = 130
BROKEN_PIPE = 141


class Verb(NamedTuple):
    """One thing `ioc` does: the module has add_arguments(parser) and run(settings, args) -> exit code."""

    module: str
    purpose: str
    examples: tuple[str, ...]


VERBS = {
    "worker": Verb("streams.worker.app", "Reads all feeds and shows the numbers on /metrics, until it is told to stop.",
                   ("ioc worker", "IOC_METRICS_PORT=9109 ioc worker")),
    "topics": Verb("streams.operations.topics", "Makes the topics that are missing, and compares those that are there.",
                   ("ioc topics",)),
    "publish": Verb("streams.operations.publish", "Publishes events of a feed from a file or standard input.",
                    ("ioc publish hydromet events.jsonl", "ioc publish dossier < events.jsonl")),
    "replay": Verb("streams.simulator.replay", "Plays recorded data as events of today, the past first.",
                   ("ioc replay ../shared/data --dry-run", "ioc replay data/river_level --speed 3600")),
    "simulate": Verb("streams.simulator.simulate", "Plays a scenario of our own.", ("ioc simulate",)),
    "recount": Verb("streams.recount.command", "Counts everything a second time and compares it with /metrics.",
                    ("ioc recount",)),
    "notify": Verb("streams.notify.app", "Takes alerts from Alertmanager, writes one Vietnamese line a notification.",
                   ("ioc notify", "IOC_NOTIFY_FOLDER=/var/lib/ioc/notify ioc notify")),
    "check": Verb("streams.operations.check", "Checks rules, routes, metrics and panels of a running stack.",
                  ("ioc check",)),
    "dlq": Verb("streams.operations.dlq", "Lists, shows and replays records that were refused or came too late.",
                ("ioc dlq list --since 24h",)),
    "viewer": Verb("streams.viewer.app", "Shows the walls in a browser, for machines without Grafana.",
                   ("ioc viewer", "ioc viewer --list --provenance replay")),
}


def main(words: Sequence[str] | None = None) -> int:
    """Runs one verb; answers the exit code: 0 done, 1 an error said in one sentence, 2 a wrong command line."""
    given = list(sys.argv[1:] if words is None else words)
    head = overview()
    if not given:
        head.print_help()
        return 2
    verb = head.parse_args(given[:1]).verb
    try:
        return _run(verb, given[1:])
    except IocError as error:
        sys.stderr.write(f"ioc: {error}\n")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has gone; Python would complain once more when it closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _run(verb: str, words: Sequence[str]) -> int:
    found = VERBS[verb]
    module = import_module(found.module)
    parser = argparse.ArgumentParser(prog=f"ioc {verb}", description=found.purpose, epilog=_examples(found.examples),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    args = parser.parse_args(words)
    return int(module.run(load_settings(), args))


def overview() -> argparse.ArgumentParser:
    """What stands above the verbs."""
    width = max(map(len, VERBS))
    lines = "\n".join(f"  {name:{width}}  {verb.purpose}" for name, verb in VERBS.items())
    examples = _examples(example for verb in VERBS.values() for example in verb.examples[:1])
    parser = argparse.ArgumentParser(
        prog="ioc", usage="ioc VERB [arguments]", description="The stream processor of the Lào Cai operations centre.",
        epilog=f"verbs:\n{lines}\n\n{examples}\n\n`ioc VERB --help` tells more. Settings are variables IOC_*.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"ioc {__version__}")
    parser.add_argument("verb", choices=VERBS, metavar="VERB", help="what to do, see below")
    return parser


def _examples(lines: Iterable[str]) -> str:
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
