"""The modules of the labs' services: found by their files, and the only ones of the labs that name their service."""

import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from catalogue.labs.services.registry import lab_services

LABS = Path(settings.BASE_DIR) / "catalogue/labs"
_TYPE = re.compile(r"AWS::(?!IAM|CloudFormation)\w+::\w+")
_IMPORTED = re.compile(r"\bministack\.services(?: import|\.)")
NAMED_STILL = {
    # Patches of the emulator's own functions, gateway and iam, which no service's count or gauge needs. Each is named
    # for what it changes, and `ministack_pieces.txt` lists what it takes.
    "embedded/gateway/authorizer_cache.py",
    "embedded/access/callers.py",
    "embedded/fixes/fidelity.py",
    "embedded/fixes/forget.py",
    "embedded/gateway/function_urls.py",
    "embedded/gateway/payloads.py",
    "embedded/workers/memory_limit.py",
    "embedded/recycle.py",
    "embedded/gateway/request_validation.py",
    "embedded/gateway/stage_cache.py",
    "embedded/calls/stream_pollers.py",
    "embedded/calls/warm_calls.py",
    "embedded/gateway/websockets.py",
    "embedded/workers/workers.py",
    # A fixed small stack that loads the emulator's translator.
    "embedded/calls/warmup.py",
    # What SAM takes as local files: the code of functions, and definitions.
    "lifecycle/packaging/local_forms.py",
    "lifecycle/packaging/zips.py",
    # A comparison's page shows the code of both sides.
    "demos/comparisons/represent.py",
}
"""Modules outside `labs/services/` that name a service's types or its part of the emulator. The set only shrinks."""


def test_no_other_module_of_the_labs_names_a_service() -> None:
    naming = set()
    for file in LABS.rglob("*.py"):
        text = file.read_text("utf-8")
        if _TYPE.search(text) or _IMPORTED.search(text):
            naming.add(file.relative_to(LABS).as_posix())
    assert {name for name in naming if not name.startswith("services/")} == NAMED_STILL


def test_what_the_emulator_reads_of_services_loads_neither_the_site_nor_content() -> None:
    """The emulator's process holds the services' modules, and its memory is each machine's."""
    shown = (
        "import sys; from catalogue.labs.services.registry import lab_services; lab_services(); "
        "print(*(name for name in sys.modules if name in ('django', 'pydantic', 'boto3', 'catalogue.patterns')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", shown], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_service_is_a_file_and_each_key_has_one() -> None:
    keys = [service.key for service in lab_services().services]
    assert len(keys) == len(set(keys))
    assert {"sqs", "lambda", "dynamodb"} <= set(keys)
