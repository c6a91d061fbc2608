"""A fault to practice with: the process ends at a chosen point, as it does when its host fails or memory runs out."""

import json
import os
import sys
import time


def may_die(point: str) -> None:
    """End this process at once if the setting `DIES` names the point. Nothing after it runs, not even `finally`."""
    if os.environ["DIES"] == point:
        print(json.dumps({"at": time.time(), "step": "process.died", "point": point}))
        sys.stdout.flush()
        os._exit(1)
