#!/usr/bin/env python
"""The Django entry point: `manage.py up` runs the site, `manage.py help` lists the rest."""

import os
import sys

from django.core.management import execute_from_command_line

from catalogue.processes.start_errors import one_line_errors

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
    with one_line_errors():
        execute_from_command_line(sys.argv)
