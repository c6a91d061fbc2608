"""What a process of the site has loaded once it has started. Every part of `up` waits for what it imports."""

import subprocess
import sys

import pytest
from django.conf import settings

_DJANGO = "import django; django.setup(); "
_READS_CONTENT = {"catalogue.patterns.content.pattern", "pydantic", "yaml", "markdown", "pygments", "PIL"}
_TALKS_TO_AWS = {"boto3", "samtranslator", "cfnlint", "cryptography"}
_OF_REQUESTS = {"aiohttp", "email_validator", "catalogue.urls"}


@pytest.mark.parametrize(
    ("start", "unneeded"),
    [
        pytest.param(_DJANGO, _READS_CONTENT | _TALKS_TO_AWS | _OF_REQUESTS, id="any management command"),
        pytest.param("import catalogue.asgi", {"PIL", "pygments"} | _TALKS_TO_AWS | _OF_REQUESTS, id="web"),
        pytest.param(
            _DJANGO + "import catalogue.labs.management.commands.labs_janitor",
            _READS_CONTENT | _TALKS_TO_AWS | _OF_REQUESTS,
            id="labs janitor",
        ),
        pytest.param(
            _DJANGO + "import catalogue.newsletter.management.commands.newsletter_loop",
            {"PIL", "pygments"} | _TALKS_TO_AWS | _OF_REQUESTS,
            id="mail loop",
        ),
        pytest.param(
            "import catalogue.labs.embedded.host, ministack.app\n"
            "from catalogue.labs.embedded.counting import usage\n"
            "from catalogue.labs.embedded.fixes import fidelity\n"
            "from catalogue.labs.embedded.gateway import authorizer_cache, request_validation, stage_cache\n"
            "from catalogue.labs.embedded.workers import workers",
            {"django.db", "jsonschema", "pydantic"} | _TALKS_TO_AWS,
            id="embedded AWS",
        ),
    ],
)
def test_a_process_starts_without_what_it_needs_later_or_never(start: str, unneeded: set[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", f"{start}\nimport sys; print('\\n'.join(sys.modules))"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )

    assert unneeded & set(told.stdout.split()) == set()
