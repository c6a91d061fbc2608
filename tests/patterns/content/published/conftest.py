"""The fixtures of handlers' tests, for tests that run the handlers of all patterns."""

from handler_tests import context, embedded_aws, load_handler, log_lines, make_table

__all__ = ["context", "embedded_aws", "load_handler", "log_lines", "make_table"]
