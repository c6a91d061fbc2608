"""What the kept pages depend on: all that could show on one, and nothing that differs from start to start."""

import os
import subprocess
import sys

from tests.support.site import ROOT


def fingerprint(**settings: str) -> str:
    """Of the site in a process of its own: settings are read once."""
    code = "import django; django.setup(); from catalogue.base import fingerprint; print(fingerprint.site())"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "catalogue.settings", "SITE_URL": "http://127.0.0.1:8000"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment | settings, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_start_elsewhere_keeps_the_pages_and_a_setting_that_shows_does_not() -> None:
    before = fingerprint()
    assert fingerprint() == before
    elsewhere = {"PORT": "9123", "EMBEDDED_AWS_URL": "http://127.0.0.1:4", "PAGES_MEMORY_MB": "7", "SMTP_PORT": "2525"}
    assert fingerprint(**elsewhere) == before
    watched = {"LOG_FORMAT": "json", "ACCESS_LOG": "1", "METRICS_TOKEN": "t" * 32, "LOG_LEVEL": "INFO"}
    assert fingerprint(**watched, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318") == before
    assert fingerprint(LABS_PER_VISITOR="2") != before
