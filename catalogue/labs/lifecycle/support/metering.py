"""What a lab used so far, read at most once in a while, for its bill."""

import threading
import time
from collections import OrderedDict

from catalogue.base.target_names import AWS, EMBEDDED
from catalogue.labs.lifecycle.life import read_life
from catalogue.labs.models import Lab
from catalogue.labs.targets import target_of
from catalogue.patterns.runs.document import Run

FRESH_SECONDS = {EMBEDDED: 0.5, AWS: 30.0}
"""How long a reading is good for: AWS charges for asking CloudWatch, and many may look at once."""
_MOST_KEPT = 500
_kept: "OrderedDict[tuple[str, str], tuple[float, Run]]" = OrderedDict()
_lock = threading.Lock()


def lab_run(lab: Lab) -> Run:
    """Everything that the lab used so far, see `read_life`. The same reading is given again for a moment."""
    key = (lab.pk, lab.boot_id)
    with _lock:
        until, run = _kept.get(key, (0.0, None))
    if run is not None and time.monotonic() < until:
        return run
    target = target_of(lab)
    run = read_life(target, lab)
    with _lock:
        _kept[key] = (time.monotonic() + FRESH_SECONDS.get(target.name, 1.0), run)
        _kept.move_to_end(key)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return run
