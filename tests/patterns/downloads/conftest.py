"""A running site, and downloads as a visitor gets them from it."""

import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from catalogue.labs.embedded.access.boot_keys import credentials_for
from tests.support.site import Site, free_port, running_site

DEPLOY_SECONDS = 60


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var: Path = tmp_path_factory.mktemp("site")
    with running_site(var, free_port(), LABS_PER_VISITOR="50", LABS_PER_ADDRESS="200") as site:
        yield site


def unpacked(site: Site, slug: str, folder: Path) -> Path:
    """The pattern's download, unpacked below `folder`; returns the project's folder."""
    with urllib.request.urlopen(f"{site.url}/patterns/{slug}/project.zip", timeout=30) as answer:
        zipfile.ZipFile(io.BytesIO(answer.read())).extractall(folder)
    return folder / slug


def aws_environment(site: Site) -> dict[str, str]:
    """What leads an AWS client to the emulator behind the site."""
    url = site.environment()["EMBEDDED_AWS_URL"]
    keys = credentials_for(url, site.secret_key)
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _call(method: str, url: str, token: str = "", body: Any = None) -> Any:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    request = urllib.request.Request(url, method=method, headers=headers)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


class DeployedLab:
    """A ready lab: what `sam deploy` is to a reader with an account."""

    def __init__(self, site: Site, slug: str) -> None:
        self.site = site
        before = self._stacks()
        made = _call("POST", f"{site.url}/labs/", body={"pattern": slug})
        self.address, self.token = f"{site.url}/labs/{made['id']}", made["token"]
        deadline = time.monotonic() + DEPLOY_SECONDS
        while made["status"] == "deploying" and time.monotonic() < deadline:
            time.sleep(0.2)
            made = _call("GET", self.address)
        assert made["status"] == "ready", made
        self.endpoint = str(made["endpoint"])
        (self.stack,) = self._stacks() - before

    def _stacks(self) -> set[str]:
        environment = aws_environment(self.site)
        keys = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        session = boto3.Session(*keys, region_name="us-east-1")
        cloudformation = session.client("cloudformation", endpoint_url=environment["AWS_ENDPOINT_URL"])
        listed = cloudformation.list_stacks()["StackSummaries"]
        return {stack["StackName"] for stack in listed if stack["StackStatus"] != "DELETE_COMPLETE"}

    def end(self) -> None:
        _call("DELETE", self.address, self.token)


@pytest.fixture
def deployed(site: Site) -> Iterator[Any]:
    made: list[DeployedLab] = []

    def deploy(slug: str) -> DeployedLab:
        made.append(DeployedLab(site, slug))
        return made[-1]

    yield deploy
    for lab in made:
        lab.end()
