"""The embedded AWS alone, of this checkout or an earlier one, with stacks of the benchmarks' own."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from catalogue.labs.embedded.access.boot_keys import keys_of_boot
from catalogue.labs.embedded.access.site_endpoint import site_secret

DEPLOY_SECONDS = 60


class BareEmulator:
    """A running emulator without a site."""

    def __init__(self, process: subprocess.Popen[str], url: str, keys: tuple[str, str]) -> None:
        self.process = process
        self.url = url
        self._session: Any = boto3.session.Session(*keys, region_name="us-east-1")

    def client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 0}, inject_host_prefix=False)
        return self._session.client(service, endpoint_url=self.url, config=config)

    def deploy(self, name: str, resources: Mapping[str, Any]) -> dict[str, str]:
        """Deploy a stack of these resources; their physical ids by logical id. Raises RuntimeError, TimeoutError."""
        cloudformation = self.client("cloudformation")
        template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
        cloudformation.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        )
        deadline = time.monotonic() + DEPLOY_SECONDS
        while True:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            if stack["StackStatus"] != "CREATE_IN_PROGRESS":
                break
            if time.monotonic() > deadline:
                raise TimeoutError(name)
            time.sleep(0.05)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise RuntimeError(f"{name}: {stack}")
        found = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


@contextmanager
def running(root: Path) -> Iterator[BareEmulator]:
    """The emulator of a checkout in this environment. Raises RuntimeError if it does not start."""
    secret_key = secrets.token_urlsafe(40)
    with TemporaryDirectory(prefix="bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "catalogue.labs.embedded.host",
            "--folder",
            f"{folder}/emulator",
        ]
        process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, "SECRET_KEY": secret_key, "VAR_DIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("{"):
                raise RuntimeError(f"The emulator of {root} did not start: {line}")
            ready = json.loads(line)
            keys = keys_of_boot(site_secret(secret_key), ready["boot_id"])
            yield BareEmulator(process, f"http://127.0.0.1:{ready['port']}", (keys.access_key, keys.secret_key))
        finally:
            process.terminate()
            process.wait(20)


def web_function(source: str) -> dict[str, Any]:
    """The resources of a function behind a REST API; `Api` is its id, and its stage is `live`."""
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
    return {
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Runtime": "python3.13", "Handler": "index.handler", "Timeout": 10, "InlineCode": source},
        },
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "bench"}},
        "Path": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "{proxy+}",
            },
        },
        "Method": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResourceId": {"Ref": "Path"},
                "HttpMethod": "ANY",
                "AuthorizationType": "NONE",
                "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": uri}},
            },
        },
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": ["Method"],
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "live"},
        },
    }
