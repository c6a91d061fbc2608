"""Runs the real AWS CLI for the commands of a test: `python -I aws_server.py FOLDER`, in a process of its own.

The CLI pins another botocore than the project, so FOLDER holds it. It prints its port, and takes a command's words by
HTTP. Starting Python and the CLI once for all commands saves about a second for each.

The embedded AWS has no message move tasks: the CLI parses their commands, and the messages are moved one by one.
"""

import contextlib
import functools
import io
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

sys.path.insert(0, sys.argv[1])
import botocore.session
from awscli import clidriver  # type: ignore[import-not-found]

# Each command has a session of its own, which would read the descriptions of the services again: 0.1 s of a processor.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

_invoke = clidriver.CLIOperationCaller.invoke


def invoke(self: Any, service: str, operation: str, parameters: dict[str, Any], options: Any) -> int:
    if operation == "StartMessageMoveTask":
        _move_messages(parameters["SourceArn"], parameters["DestinationArn"])
        return 0
    if operation == "ListMessageMoveTasks":
        sys.stdout.write("COMPLETED\n")
        return 0
    return int(_invoke(self, service, operation, parameters, options))


clidriver.CLIOperationCaller.invoke = invoke


def _move_messages(source_arn: str, target_arn: str) -> None:
    sqs: Any = botocore.session.get_session().create_client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    source, target = (
        sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"] for arn in (source_arn, target_arn)
    )
    while messages := sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
        "Messages"
    ):
        for message in messages:
            attributes = {"MessageAttributes": message["MessageAttributes"]} if "MessageAttributes" in message else {}
            sqs.send_message(QueueUrl=target, MessageBody=message["Body"], **attributes)
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])


class Commands(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        words = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        written, errors = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        code: Any
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(errors):
            try:
                # Said again as an option: for SQS, version 1 of the CLI prefers the service's old addresses.
                code = clidriver.create_clidriver().main([*words, "--endpoint-url", os.environ["AWS_ENDPOINT_URL"]])
            except SystemExit as end:
                code = end.code
        written.flush()
        assert isinstance(written.buffer, io.BytesIO)
        text = written.buffer.getvalue().decode()
        answer = json.dumps({"code": code or 0, "out": text, "err": errors.getvalue()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Commands)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
