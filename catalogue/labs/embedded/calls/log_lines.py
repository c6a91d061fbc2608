"""Gives each invocation all the log lines that it printed, and none of another's, however busy the machine is.

MiniStack reads a worker's lines beside its answer, and waits 50 ms for the first and 5 ms for the next one. On a
machine with a thousand things to do lines come later than that: they would be missing from their invocation and stand
in the next. On AWS they are all there: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

So the worker says on the same way that it is done, before it answers. What comes before that is the invocation's.
"""

END = "\x1eend of invocation"

MARKS_THE_END = f"sys.__stderr__.write({END!r} + chr(10)); sys.__stderr__.flush()"
_RETURNED = "            result = handler_fn(event, context)\n"
_RAISED = (
    "        except Exception as e:\n"
    '            _real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace"'
)
_END = END.encode() + b"\n"


def telling_its_end(script: str) -> str:
    """The worker's script, changed. Raises ValueError if it is not the one that this was written for."""
    for there, instead in (
        (_RETURNED, f"{_RETURNED}            {MARKS_THE_END}\n"),
        (
            _RAISED,
            _RAISED.replace("            _real_stdout", f"            {MARKS_THE_END}\n            _real_stdout"),
        ),
    ):
        if script.count(there) != 1:
            raise ValueError("The emulator's worker has another script than the one that is known here.")
        script = script.replace(there, instead)
    return script


class LogBuffer:
    """What a worker has written to its standard error and no invocation has taken yet."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ended = False

    @property
    def complete(self) -> bool:
        """Whether the end of an invocation is in it, or nothing will follow."""
        return self._ended or _END in self._bytes

    def feed(self, data: bytes) -> None:
        """Add what was read; nothing at the end of the stream."""
        self._bytes += data
        self._ended = self._ended or not data

    def take(self) -> str:
        """All lines before the end, joined; without one, all there are."""
        own, _, rest = self._bytes.partition(_END)
        self._bytes = rest
        return own.decode(errors="replace").removesuffix("\n").replace("\r\n", "\n")
