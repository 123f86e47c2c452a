"""Takes the pictures of the README from the walls of the stack that runs here: `make pictures`."""

import json
import os
import sys
import urllib.request

from tools.browser import open_screen
from tools.errors import ToolError
from tools.jars import ROOT

FOLDER = ROOT / "docs/pictures"
PICTURES = (("ioc-wall-province", "vi"), ("ioc-wall-disaster", "vi"), ("ioc-wall-administration", "vi"),
            ("ioc-wall-feedback", "vi"), ("ioc-wall-digital", "en"), ("ioc-wall-data", "en"), ("ioc-wall-shift", "vi"))


def main(words: list[str]) -> int:
    """Takes every picture; 1 if a wall cannot be drawn or has a fault."""
    home = f"http://127.0.0.1:{os.environ.get('IOC_VIEWER_PORT', '8088')}"
    provenance = words[0] if words else "replay"
    try:
        with urllib.request.urlopen(f"{home}/", timeout=5), open_screen(home) as screen:  # noqa: S310  # our own page
            for uid, lang in PICTURES:
                found = screen.open(f"/w/{uid}?lang={lang}&provenance={provenance}&kiosk")
                errors = [one["errors"] for one in found["results"] if one["errors"]]
                if found["failure"] or errors or screen.complaints:
                    faults = json.dumps([found["failure"], errors, screen.complaints], ensure_ascii=False)
                    raise ToolError(f"{uid} in {lang} is not drawn without a fault: {faults}")
                screen.picture(FOLDER / f"{uid}.{lang}.png")
                print(f"docs/pictures/{uid}.{lang}.png")
    except OSError as error:
        print(f"no viewer answers at {home} ({error}): start it with make up DATA=...", file=sys.stderr)
        return 1
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
