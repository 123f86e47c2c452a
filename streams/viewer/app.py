"""`ioc viewer`: the walls in a browser until it is told to stop; the wiring and nothing else."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from streams.settings import Settings
from streams.viewer.dashboards import addresses, read_dashboards
from streams.viewer.relay import Relay
from streams.viewer.server import Content, Server


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the page, the dashboards and the maps lie; `--list` shows the addresses and ends."""
    parser.add_argument("--page", type=Path, default=Path("viewer/dist"), help="the built page (default %(default)s)")
    parser.add_argument("--dashboards", type=Path, default=Path("dashboards/generated"),
                        help="folders vi and en of dashboards (default %(default)s)")
    parser.add_argument("--maps", type=Path, default=Path("dashboards/maps"), help="GeoJSON (default %(default)s)")
    parser.add_argument("--scrape-interval", default="5s", help="the one of Prometheus (default %(default)s)")
    parser.add_argument("--list", action="store_true", help="show the address of every wall, and end")
    parser.add_argument("--provenance", default="", choices=("real", "replay", "simulated"),
                        help="with --list: whose numbers the walls show")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT."""
    home = f"http://{settings.viewer_host}:{settings.viewer_port}"
    if args.list:
        for title, address in addresses(read_dashboards(args.dashboards), home, args.provenance):
            sys.stdout.write(f"{address}  {title}\n")
        return 0
    content = Content(args.page, args.dashboards, args.maps, Relay(settings.prometheus_url), args.scrape_interval)
    server = Server(settings.viewer_host, settings.viewer_port, content)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown waits for the loop it is called from, hence the thread
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"walls: {home}/  numbers: {settings.prometheus_url}\n")
    sys.stdout.flush()
    server.serve_forever()
    server.server_close()
    return 0
