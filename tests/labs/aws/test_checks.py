"""Settings for real AWS that cannot work, or that are dangerous on a public site, are reported with a remedy."""

import re
from pathlib import Path

import pytest
from django.core.checks import ERROR
from pytest_django import Settings

from catalogue.labs.aws.checks import check_aws, check_aws_deploy

ROOT = Path(__file__).resolve().parents[3]
SAFE: dict[str, object] = {
    "LABS_TARGET": "aws",
    "SITE_URL": "https://patterns.example",
    "AWS_REGION": "eu-central-1",
    "LABS_ASSUME_ROLE_ARN": "arn:aws:iam::123456789012:role/patterns-lab-site",
    "LABS_EXTERNAL_ID": "0123456789abcdef",
    "LABS_ROLE_ARN": "arn:aws:iam::123456789012:role/patterns-lab-cloudformation",
    "LABS_PERMISSIONS_BOUNDARY": "arn:aws:iam::123456789012:policy/patterns-lab-boundary",
    "LABS_BUCKET": "patterns-lab-123456789012-eu-central-1",
    "LABS_BUDGET_NAME": "patterns-lab",
    "LABS_BUDGET_USD": 20,
}


def change(settings: Settings, changed: dict[str, object]) -> None:
    for name, value in (SAFE | changed).items():
        setattr(settings, name, value)


def test_a_whole_configuration_passes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    change(settings, {"LABS_SHARED_STACKS": True})
    assert check_aws() + check_aws_deploy(None) == []


@pytest.mark.parametrize(
    ("changed", "id"),
    [
        ({"LABS_ASSUME_ROLE_ARN": "patterns-lab-site"}, "labs.E011"),
        ({"LABS_AWS_SITE": "a*b"}, "labs.E012"),
        ({"SITE_URL": "http://127.0.0.1:8000"}, "labs.E013"),
        ({"SITE_URL": "http://[:"}, "labs.E013"),
        ({"LABS_AWS_STACKS": 1}, "labs.E014"),
        ({"LABS_SHARED_STACKS": True, "LABS_SHARED_HOURS": 1, "LABS_LIFETIME_SECONDS": 1800}, "labs.E015"),
        ({"LABS_EXTERNAL_ID": "with space"}, "labs.E016"),
        ({"LABS_PERMISSIONS_BOUNDARY": ""}, "labs.W002"),
        ({"LABS_TARGET": "embedded", "LABS_SHARED_STACKS": True}, "labs.W003"),
    ],
)
def test_what_cannot_work_is_reported_at_every_start(settings: Settings, changed: dict[str, object], id: str) -> None:
    change(settings, changed)
    (message,) = check_aws()
    assert message.id == id
    assert message.hint


@pytest.mark.parametrize(
    ("changed", "id", "is_error"),
    [
        ({"LABS_PERMISSIONS_BOUNDARY": ""}, "labs.E020", True),
        ({"LABS_ROLE_ARN": ""}, "labs.E021", True),
        ({"LABS_BUDGET_USD": 0}, "labs.E022", True),
        ({"LABS_ASSUME_ROLE_ARN": ""}, "labs.W020", False),
        ({"LABS_EXTERNAL_ID": ""}, "labs.W021", False),
        ({"LABS_BUDGET_NAME": ""}, "labs.W022", False),
    ],
)
def test_what_strangers_could_misuse_is_reported_before_a_deployment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], id: str, is_error: bool
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    change(settings, changed)
    (message,) = check_aws_deploy(None)
    assert (message.id, message.level >= ERROR) == (id, is_error)
    assert message.hint


def test_a_region_no_one_wrote_is_reported(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    change(settings, {})
    assert [message.id for message in check_aws_deploy(None)] == ["labs.W023"]


def test_the_embedded_aws_needs_none_of_it(settings: Settings) -> None:
    assert check_aws() + check_aws_deploy(None) == []


def test_an_external_id_is_not_shown(settings: Settings) -> None:
    change(settings, {"LABS_EXTERNAL_ID": "se cret"})
    assert "se cret" not in str(check_aws()[0].msg)


def test_the_guide_names_every_setting_for_aws_and_its_default() -> None:
    source = (ROOT / "catalogue/settings.py").read_text()
    part = source[source.index("# real AWS only") :].partition("\n\n")[0]
    read = dict(re.findall(r'env\.\w+\("([A-Z_]+)", ([^,)]+)', part))
    table = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", (ROOT / "docs/aws.md").read_text(), re.MULTILINE))
    assert set(read) <= set(table)
    numbers = {name: default for name, default in read.items() if default.isdigit()}
    assert numbers == {name: table[name] for name in numbers}


def test_the_guide_s_links_lead_somewhere() -> None:
    for document in ("docs/aws.md", "infra/README.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / document).read_text()):
            assert (ROOT / document).parent.joinpath(link).resolve().exists(), link
