"""Packages a pattern as `aws cloudformation package` does: each CodeUri becomes a zip on S3, named by its content.

`package` is pure; `upload` and `template_argument` put the result where CloudFormation finds it.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from catalogue.labs.lifecycle.packaging import dependencies, local_forms
from catalogue.labs.lifecycle.packaging.installing import NotInstalled
from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.targets.base import Target
from catalogue.patterns.cloudformation.requirements import REQUIREMENTS

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content.pattern import Pattern, SourceFile

Variant = Literal["pattern", "naive"]

TEMPLATE_BODY_BYTES = 51_200
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Artifact:
    key: str
    """`code/<sha256>.zip`: the same content always has the same key."""
    content: bytes


@dataclass(frozen=True)
class Package:
    template: dict[str, Any]
    """The template with long intrinsics; functions name their code by key, the bucket is filled in by `for_bucket`."""
    artifacts: tuple[Artifact, ...]

    def for_bucket(self, bucket: str, prefix: str = "") -> dict[str, Any]:
        """A copy of the template whose functions take their code from this bucket, below this prefix."""
        template = copy.deepcopy(self.template)
        for resource in template["Resources"].values():
            code = _code_of(resource)
            if isinstance(code, dict) and code.keys() == {"Key"}:
                resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": prefix + code["Key"]}
        return template


@lru_cache(maxsize=64)
def _package(content_hash: str, variant: Variant, pattern: _Unhashed) -> Package:
    template = pattern.value.template if variant == "pattern" else pattern.value.naive
    if template is None:
        raise PackagingError(f"{pattern.value.slug} has no naive.yaml.")
    files = pattern.value.files
    packaged: dict[str, Any] = local_forms.inlined(copy.deepcopy(template.document.value), files)
    local_forms.share_code(packaged)
    local_forms.as_cloudformation_converts({"Properties": (packaged.get("Globals") or {}).get("Function")})
    artifacts: dict[str, Artifact] = {}
    for logical, resource in packaged["Resources"].items():
        local_forms.as_cloudformation_converts(resource)
        code = _code_of(resource)
        if isinstance(code, str):
            artifact = artifacts.setdefault(code, _artifact(files, code, logical, _built_for(resource)))
            resource["Properties"]["CodeUri"] = {"Key": artifact.key}
    return Package(packaged, tuple(artifacts.values()))


class _Unhashed:
    """Carries a value past a cache that is keyed by the value's own hash."""

    def __init__(self, value: Pattern) -> None:
        self.value = value

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashed)


def package(pattern: Pattern, variant: Variant = "pattern") -> Package:
    """The pattern (or its naive twin) ready to deploy, kept while its content is the same. Raises PackagingError."""
    return _package(pattern.content_hash, variant, _Unhashed(pattern))


def zip_files(files: Iterable[tuple[str, str | bytes]]) -> bytes:
    """A zip of (path, content) pairs, byte for byte the same for the same files in any order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content in sorted(files, key=lambda file: file[0]):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever machine made it
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content.encode() if isinstance(content, str) else content)
    return buffer.getvalue()


def upload(target: Target, artifacts: Iterable[Artifact]) -> str:
    """Put the artifacts on S3 and return the bucket. They are small: sent again each time rather than asked for."""
    bucket = target.bucket()
    for artifact in artifacts:
        target.client("s3").put_object(Bucket=bucket, Key=target.artifact_prefix + artifact.key, Body=artifact.content)
    return bucket


def template_argument(target: Target, bucket: str, template: dict[str, Any]) -> dict[str, str]:
    """The argument of create_stack that carries the template: its text, or past 51,200 bytes its address on S3."""
    body = json.dumps(template, separators=(",", ":"))
    if len(body.encode()) <= TEMPLATE_BODY_BYTES:
        return {"TemplateBody": body}
    key = f"{target.artifact_prefix}templates/{hashlib.sha256(body.encode()).hexdigest()}.json"
    client = target.client("s3")
    client.put_object(Bucket=bucket, Key=key, Body=body.encode())
    return {"TemplateURL": client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})}


def _code_of(resource: Any) -> Any:
    if resource["Type"] != "AWS::Serverless::Function":
        return None
    return (resource.get("Properties") or {}).get("CodeUri")


def _built_for(function: Any) -> tuple[str, str]:
    """Runtime and architecture that a function's packages are for."""
    properties = function.get("Properties") or {}
    runtime, architectures = properties.get("Runtime"), properties.get("Architectures")
    is_arm = isinstance(architectures, list) and "arm64" in architectures
    return (runtime if isinstance(runtime, str) else "python3.13"), ("arm64" if is_arm else "x86_64")


def _artifact(files: Iterable[SourceFile], code_uri: str, logical: str, built_for: tuple[str, str]) -> Artifact:
    """The function's zip: its folder, and what its requirements.txt names, as `sam build` does."""
    prefix = code_uri.removeprefix("./").rstrip("/") + "/"
    inside = [(file.path.removeprefix(prefix), file.text) for file in files if file.path.startswith(prefix)]
    if not inside:
        raise PackagingError(f"The function {logical} has its code in {code_uri!r}, where no file is.")
    brought: dict[str, str | bytes] = {}
    for path, text in inside:
        if path == REQUIREMENTS:
            try:
                brought.update(dependencies.installed(text, *built_for))
            except NotInstalled as error:
                raise PackagingError(f"The function {logical}: {error}") from error
    content = zip_files((brought | dict(inside)).items())
    return Artifact(f"code/{hashlib.sha256(content).hexdigest()}.zip", content)
