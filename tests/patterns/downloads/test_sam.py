"""The `sam` commands of a README: their options as the SAM CLI documents them, and the real CLI where it is installed.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-command-reference.html
"""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings

from catalogue.patterns.content.pattern import pattern_folders
from tests.patterns.downloads.conftest import aws_environment, unpacked
from tests.patterns.downloads.readme import commands_of
from tests.patterns.downloads.sam_cli import Sam, sam_cli
from tests.support.site import Site

SLUGS = [folder.name for folder in pattern_folders(Path(settings.BASE_DIR) / "patterns_content")]
OPTIONS = {
    "build": {"--template-file": True, "--build-dir": True},
    "deploy": {"--guided": False, "--template-file": True, "--config-file": True, "--stack-name": True},
    "logs": {"--stack-name": True, "--tail": False},
    "delete": {"--stack-name": True},
}
"""Commands with their options, and whether an option takes a value."""


def sam_commands(folder: Path) -> list[str]:
    return [
        line
        for command in commands_of((folder / "README.md").read_text("utf-8"))
        for line in command.script.splitlines()
        if line.startswith("sam ")
    ]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_readmes_sam_commands_have_the_options_of_the_sam_cli(slug: str, site: Site, tmp_path: Path) -> None:
    commands = [shlex.split(line)[1:] for line in sam_commands(unpacked(site, slug, tmp_path))]
    assert {words[0] for words in commands} == set(OPTIONS)
    for command, *words in commands:
        rest = list(words)
        while rest:
            takes_a_value = OPTIONS[command][rest.pop(0)]
            if takes_a_value:
                rest.pop(0)


@pytest.mark.lab
@pytest.mark.timeout(600)
@pytest.mark.parametrize("slug", SLUGS)
def test_the_sam_cli_builds_deploys_follows_and_deletes_the_pattern_and_its_twin(
    slug: str, site: Site, tmp_path: Path
) -> None:
    """On the embedded AWS: the change sets are made, the code is uploaded, and all of it is gone in the end."""
    cli = sam_cli()
    folder = unpacked(site, slug, tmp_path)
    sam = Sam(cli, folder, aws_environment(site))
    aws = Stacks(site)
    before = aws.standing() - {"aws-sam-cli-managed-default"}
    for command in sam_commands(folder):
        words = shlex.split(command)
        if words[1] == "logs":
            aws.invoke_a_function(slug)
            assert "REPORT RequestId" in sam.run(command, until="REPORT RequestId")
            continue
        written = sam.run(command)
        if words[1] == "deploy":
            name = words[words.index("--stack-name") + 1] if "--stack-name" in words else slug
            assert f"Successfully created/updated stack - {name} in us-east-1" in written
            assert aws.standing() >= {name}
    assert aws.standing() - {"aws-sam-cli-managed-default"} == before


class Stacks:
    """The stacks of the emulator behind the site."""

    def __init__(self, site: Site) -> None:
        environment = aws_environment(site)
        self._session = boto3.Session(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        self._url = environment["AWS_ENDPOINT_URL"]

    def _client(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self._url)

    def standing(self) -> set[str]:
        listed = self._client("cloudformation").list_stacks()["StackSummaries"]
        return {stack["StackName"] for stack in listed if stack["StackStatus"] != "DELETE_COMPLETE"}

    def invoke_a_function(self, stack: str) -> None:
        name = next(self._functions(stack))
        self._client("lambda").invoke(FunctionName=name, Payload=b"{}")

    def _functions(self, stack: str) -> Iterator[str]:
        for resource in self._client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                yield resource["PhysicalResourceId"]
