#!/usr/bin/env python
"""The Django entry point: `manage.py up` runs the site, `manage.py help` lists the rest."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
    execute_from_command_line(sys.argv)
