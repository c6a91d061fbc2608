"""Stands in for the process that reads a template: it starts another one, says its id, and neither ends."""

import subprocess
import sys
import time

other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
sys.stdout.write(f"{other.pid}\n")
sys.stdout.flush()
time.sleep(600)
