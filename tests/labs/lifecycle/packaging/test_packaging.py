"""Packaging: the same files give the same bytes, wherever and whenever."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from catalogue.labs.lifecycle.packaging import zips as packaging
from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.targets import get_target
from catalogue.patterns.cloudformation.template import read_template
from catalogue.patterns.content.pattern import Pattern, load_pattern


def test_a_zip_depends_on_its_files_alone() -> None:
    files = [("app.py", "x = 1\n"), ("lib/names.py", "n = 'ü'\n")]
    assert packaging.zip_files(files) == packaging.zip_files(reversed(files))
    with zipfile.ZipFile(io.BytesIO(packaging.zip_files(files))) as archive:
        assert archive.read("lib/names.py").decode() == "n = 'ü'\n"
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert {entry.external_attr >> 16 & 0o777 for entry in archive.infolist()} == {0o644}


def test_each_code_uri_becomes_its_artifact(postbox: Pattern) -> None:
    package = packaging.package(postbox)
    template = package.for_bucket("a-bucket")
    code = {logical: template["Resources"][logical]["Properties"]["CodeUri"] for logical in ("Web", "Worker")}
    keys = {artifact.key for artifact in package.artifacts}
    assert {uri["Key"] for uri in code.values()} == keys
    assert len(keys) == 2
    assert {uri["Bucket"] for uri in code.values()} == {"a-bucket"}
    assert "Bucket" not in json.dumps(package.template["Resources"]["Web"])


def test_a_template_is_rewritten_with_long_intrinsics_only(postbox: Pattern) -> None:
    template = packaging.package(postbox).for_bucket("b")
    assert template["Resources"]["AnyPath"]["Properties"]["ParentId"] == {"Fn::GetAtt": ["Api", "RootResourceId"]}
    assert template["Outputs"]["Endpoint"]["Value"]["Fn::Sub"].startswith("https://${Api}")


def test_a_package_is_made_once_for_the_same_content(postbox: Pattern, content: Path) -> None:
    assert packaging.package(postbox) is packaging.package(load_pattern(content / "postbox"))


def test_a_folder_without_code_is_named(postbox: Pattern) -> None:
    from dataclasses import replace

    text = postbox.template.text.replace("functions/web/", "functions/nowhere/")
    lost = replace(postbox, template=read_template(postbox.template.path, text), content_hash="another")
    with pytest.raises(PackagingError, match=r"Web .*functions/nowhere/"):
        packaging.package(lost)


def test_a_pattern_without_a_twin_says_so(postbox: Pattern) -> None:
    with pytest.raises(PackagingError, match=r"no naive\.yaml"):
        packaging.package(postbox, "naive")


@pytest.mark.usefixtures("emulator")
def test_a_template_too_large_for_the_call_goes_over_s3() -> None:
    target = get_target()
    bucket = target.bucket()
    small = packaging.template_argument(target, bucket, {"Resources": {}})
    assert small == {"TemplateBody": '{"Resources":{}}'}
    large = packaging.template_argument(target, bucket, {"Description": "x" * packaging.TEMPLATE_BODY_BYTES})
    assert large["TemplateURL"].startswith("http")
