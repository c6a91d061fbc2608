"""The process that reads one pasted template: text on standard input, one JSON document on standard output.

`{"document": …, "picture": …}`, or `{"unacceptable": …}` with the reason. It has no key, no
database and no environment of the site's, and ends after one template. `asking.py` starts and kills it.
"""

import json
import sys
from pathlib import Path
from tempfile import gettempdir

from django.conf import settings

from catalogue.labs.pasting import confinement
from catalogue.labs.pasting.refusals import Unacceptable, require_plain_text


def main() -> int:
    confinement.bound(cpu_seconds=int(sys.argv[1]))
    own, site = Path(sys.argv[2]), Path(sys.argv[3])
    settings.configure(SITE_DIR=site)  # for the glyphs; there are no other settings here
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
        require_plain_text(text)
        # These take a second or two: what is refused by its form does not cost that.
        from catalogue.labs.pasting import drawing, linting

        drawing.warm()
        linting.load()
        gettempdir()  # it looks for a folder once
        confinement.shut_in(own, site / "static" / "icons")
        found = drawing.drawn(text, own)
        answer: dict[str, object] = {"document": found.document.model_dump(mode="json"), "picture": str(found.picture)}
    except UnicodeDecodeError:
        answer = {"unacceptable": "The template is not text in UTF-8."}
    except Unacceptable as error:
        answer = {"unacceptable": str(error)}
    except RecursionError:
        answer = {"unacceptable": "The template is nested too deeply."}
    except MemoryError:
        answer = {"unacceptable": "Reading this template takes too much memory. Paste a smaller one."}
    except Exception as error:  # whatever a stranger's template leads to; its content stays out of the log
        sys.stderr.write(_place_of(error))
        return 1
    json.dump(answer, sys.stdout)
    return 0


def _place_of(error: BaseException) -> str:
    """The kind of an error, and the line of code that raised it."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__name__} at {where}"


if __name__ == "__main__":
    sys.exit(main())
