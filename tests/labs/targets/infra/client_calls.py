"""Which AWS actions the labs' code uses on a real account, read from its source."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import boto3

LABS = Path(__file__).resolve().parents[4] / "catalogue/labs"
_NOT_ON_AWS = {"embedded", "management", "migrations", "emulators"}
_NOT_ON_AWS_FILES = {"targets/embedded.py", "targets/elsewhere.py", "lifecycle/updating.py"}
"""The last is for `open --watch`, which runs on the embedded AWS alone."""
_NOT_ON_AWS_NAMES = {"fixups.py", "counting.py", "cognito.py"}
"""In `services/`: what the emulator alone needs, and services that labs on AWS may not use."""
_FREE = {"sts:GetCallerIdentity"}
"""Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
_BEFORE_THE_ROLE = {"sts:AssumeRole"}
"""Allowed by the role's trust policy."""
_WITHOUT_A_BUCKET = {"s3:CreateBucket", "s3:PutPublicAccessBlock", "s3:PutBucketLifecycleConfiguration"}
"""Done only where LABS_BUCKET is empty; the sandbox has a bucket."""
_NAMED_OTHERWISE = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "budgets:DescribeBudget": "budgets:ViewBudget",
    "resourcegroupstaggingapi:GetResources": "tag:GetResources",
}
_PREFIXES = {"stepfunctions": "states"}
"""IAM's names of services, where boto3 has others."""
_WAITERS = {"function_updated_v2": ("lambda", "get_function")}


def actions() -> set[str]:
    """IAM actions, such as `sqs:SendMessage`."""
    found = {_iam(service, method) for service, method in _calls()}
    return {_NAMED_OTHERWISE.get(one, one) for one in found - _FREE - _BEFORE_THE_ROLE - _WITHOUT_A_BUCKET}


def _calls() -> set[tuple[str, str]]:
    """Service and method of every call of a client: an attribute that is called, or a paginator's or waiter's name."""
    trees = [ast.parse(path.read_text()) for path in _sources()]
    services = {one for tree in trees for one in _clients(tree)}
    methods: dict[str, set[str]] = defaultdict(set)
    for service in services:
        for method in _methods(service):
            methods[method].add(service)
    calls = set()
    for tree in trees:
        here = _clients(tree)
        for word in _words(tree):
            if word in _WAITERS:
                calls.add(_WAITERS[word])
            candidates = methods.get(word, set())
            named = candidates & here or candidates
            calls.update((service, word) for service in named)
    return calls


def _sources() -> list[Path]:
    return [
        path
        for path in LABS.rglob("*.py")
        if not _NOT_ON_AWS & set(path.relative_to(LABS).parts)
        and path.relative_to(LABS).as_posix() not in _NOT_ON_AWS_FILES
        and path.name not in _NOT_ON_AWS_NAMES
    ]


def _clients(tree: ast.AST) -> set[str]:
    """Arguments of `client("…")` and `….client("…")`."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and (getattr(node.func, "attr", None) == "client" or getattr(node.func, "id", None) == "client")
    }


def _words(tree: ast.AST) -> set[str]:
    called = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return called | {text for text in texts if "_" in text or text in {"query", "scan"}}


@cache
def _client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


def _methods(service: str) -> set[str]:
    return set(_client(service).meta.method_to_api_mapping)


def _iam(service: str, method: str) -> str:
    meta = _client(service).meta
    api = meta.method_to_api_mapping[method]
    if service == "apigateway":
        return f"apigateway:{meta.service_model.operation_model(api).http['method']}"
    return f"{_PREFIXES.get(service, service)}:{api}"
