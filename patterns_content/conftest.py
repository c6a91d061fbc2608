"""The fixtures of the tests beside this file."""

from handler_tests import context, embedded_aws, load_handler, log_lines, make_table

__all__ = ["context", "embedded_aws", "load_handler", "log_lines", "make_table"]
