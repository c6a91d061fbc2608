"""Times Django's answers in this process: reads addresses from its input, writes milliseconds as JSON.

    python -m tests.bench.pages.timings ROUNDS < addresses

What is timed is the whole of Django, middleware included, and neither the server's parsing nor the wire: the time at
the server. Each address is asked once before; every answer must be 200.
"""

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

settings.ALLOWED_HOSTS = ["testserver"]
addresses = sys.stdin.read().split()
client = Client(headers={"accept": "text/html"})
failed = sum(client.get(address).status_code != 200 for address in addresses)
milliseconds = []
for _ in range(int(sys.argv[1])):
    for address in addresses:
        started = time.perf_counter()
        answer = client.get(address)
        milliseconds.append((time.perf_counter() - started) * 1000)
        failed += answer.status_code != 200
print(json.dumps({"ms": milliseconds, "failed": failed}))
