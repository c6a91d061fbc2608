"""Keeps the links of our mail out of the log: some of them give their rights for ever, to whoever reads them there."""

import logging
import re

# Also where the path is cut, quoted or percent-encoded: a token has neither slash, space nor quote.
_TOKEN = re.compile(r"(/newsletter/(?:confirm|unsubscribe|preferences|move)/)[^/\s?#'\"]+")


def masked(text: str) -> str:
    """The text with `…` in place of each token in a path of the newsletter."""
    return _TOKEN.sub(r"\1…", text)


class WithoutTokens(logging.Filter):
    """Rewrites each record that passes; drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/newsletter/" in message:
            record.msg, record.args = masked(message), None
        return True
