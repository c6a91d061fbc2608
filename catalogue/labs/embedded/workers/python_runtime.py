"""Makes the emulator's Python workers log as Lambda's runtime does: `logging`, and a module that cannot be imported.

MiniStack's worker leaves `logging` without a handler, so that what is below WARNING is lost, and keeps the reason of a
failed import for its own log. On AWS:

- a line of `logging` is `[INFO]<tab>2026-11-30T12:00:00.000Z<tab>request id<tab>message`:
  https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
- a failed import is Runtime.ImportModuleError, Runtime.UserCodeSyntaxError or Runtime.HandlerNotFound, as in
  https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/bootstrap.py

As on AWS, the root logger's level stays WARNING until the handler sets it, and `basicConfig` changes nothing, since the
root logger has a handler already.
"""

from collections.abc import Callable
from typing import Any

from catalogue.labs.embedded.calls.log_lines import MARKS_THE_END, telling_its_end
from catalogue.labs.embedded.workers import api_endpoints

SUPPORT = '''
def _ms_install_logging():
    """The runtime's handler on the root logger; the returned object carries the request id of the invocation."""
    import logging, sys, time

    class _Request:
        id = ""

    class _Handler(logging.Handler):
        def emit(self, record):
            try:
                sys.__stderr__.write(self.format(record) + chr(10))
                sys.__stderr__.flush()
            except Exception:
                self.handleError(record)

        def filter(self, record):
            record.aws_request_id = _Request.id
            return super().filter(record)

    form = chr(9).join(("[%(levelname)s]", "%(asctime)s.%(msecs)03dZ", "%(aws_request_id)s", "%(message)s"))
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = _Handler()
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    return _Request


def _ms_import_failure(error, module, handler):
    """The failure in the words of Lambda's runtime, written as a traceback. Returns the last line."""
    import sys, traceback

    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not frame.filename.endswith("_worker.py")
    ]
    lines = "".join(traceback.format_list(frames))
    if isinstance(error, ImportError):
        said = "Runtime.ImportModuleError: Unable to import module %r: %s" % (module, error)
    elif isinstance(error, SyntaxError):
        said = "Runtime.UserCodeSyntaxError: Syntax error in module %r: %s" % (module, error)
        lines += '  File "%s", line %s' % (error.filename, error.lineno) + chr(10)
        lines += "    %s" % (error.text or "").strip() + chr(10)
    elif module in sys.modules and not hasattr(sys.modules[module], handler):
        said = "Runtime.HandlerNotFound: Handler %r missing on module %r" % (handler, module)
    else:
        said = traceback.format_exception_only(error)[-1].strip()
    sys.__stderr__.write("Traceback (most recent call last):" + chr(10) + lines + said.replace(chr(10), " ") + chr(10))
    sys.__stderr__.flush()
    return said
'''

_RUN = "def run():\n"
_BEFORE_IMPORT = "    try:\n        mod = importlib.import_module(module_name)\n"
_FAILED = (
    '    except Exception as e:\n        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")\n'
)
_FAILED_SAYING_SO = (
    "    except Exception as e:\n"
    "        _ms_said = _ms_import_failure(e, module_name, handler_name)\n"
    f"        {MARKS_THE_END}\n"
    '        _real_stdout.write(json.dumps({"status": "error", "error": _ms_said}) + "\\n")\n'
)
_CALL = "            result = handler_fn(event, context)\n"
_INIT_FAILED = "Worker init failed: "


def logging_as_lambda(script: str) -> str:
    """The worker's script, changed. Raises ValueError if it is not the one that this was written for."""
    for there, instead in (
        (_RUN, SUPPORT + "\n\n" + api_endpoints.SUPPORT + "\n\n" + _RUN),
        (_BEFORE_IMPORT, f"    _ms_request = _ms_install_logging()\n    _ms_reach_apis()\n{_BEFORE_IMPORT}"),
        (_FAILED, _FAILED_SAYING_SO),
        (_CALL, f"            _ms_request.id = context.aws_request_id\n{_CALL}"),
    ):
        if script.count(there) != 1:
            raise ValueError("The emulator's worker has another script than the one that is known here.")
        script = script.replace(there, instead)
    return script


def install() -> None:
    """Patch the imported emulator, after `invocations` and before `fidelity`."""
    from ministack.core import lambda_runtime

    Worker = lambda_runtime.Worker
    invoke: Callable[..., Any] = Worker.invoke

    def invoke_with_reason(worker: Any, *args: Any, **kwargs: Any) -> Any:
        """A worker that could not start has failed its invocation, with what it wrote as the log."""
        try:
            return invoke(worker, *args, **kwargs)
        except RuntimeError as error:
            if worker._stderr_thread is None or worker.config.get("Runtime", "").startswith("nodejs"):
                raise
            said = str(error).removeprefix(_INIT_FAILED)
            log = worker._drain_stderr_bounded()
            process, worker._proc = worker._proc, None
            lambda_runtime._signal(process)
            return {"status": "error", "error": said, "trace": "" if log else said, "log": log, "cold_start": True}

    script = telling_its_end(lambda_runtime._PYTHON_WORKER_SCRIPT)
    lambda_runtime._PYTHON_WORKER_SCRIPT = logging_as_lambda(script)
    Worker.invoke = invoke_with_reason
