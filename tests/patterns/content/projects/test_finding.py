"""Which template is meant, and which parameters a project's samconfig.toml gives."""

from pathlib import Path

import pytest

from catalogue.patterns.content.projects.finding import (
    NoTemplate,
    find_template,
    given_parameters,
    samconfig_parameters,
)


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Resources: {}")


def test_a_folders_template_is_found_under_the_name_that_sam_looks_for_first(tmp_path: Path) -> None:
    put(tmp_path, "template.yml", "template.yaml", "cdk.out/App.template.json")

    assert find_template(tmp_path) == (tmp_path / "template.yaml").resolve()


def test_the_one_stack_that_cdk_has_left_is_found(tmp_path: Path) -> None:
    put(tmp_path, "cdk.out/App.template.json", "cdk.out/manifest.json")

    assert find_template(tmp_path).name == "App.template.json"


def test_of_several_stacks_one_must_be_named(tmp_path: Path) -> None:
    put(tmp_path, "cdk.out/App.template.json", "cdk.out/Data.template.json")

    with pytest.raises(NoTemplate, match=r"App.template.json, .*Data.template.json"):
        find_template(tmp_path)
    assert find_template(tmp_path / "cdk.out/Data.template.json").name == "Data.template.json"


def test_a_folder_without_a_template_is_refused_with_the_names_that_were_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NoTemplate, match=r"template\.yaml"):
        find_template(tmp_path)
    with pytest.raises(NoTemplate, match="There is no file"):
        find_template(tmp_path / "missing.yaml")


def test_parameters_are_pairs_and_a_value_may_hold_an_equals_sign() -> None:
    assert given_parameters(["Stage=dev", "Query=a=b"]) == {"Stage": "dev", "Query": "a=b"}
    with pytest.raises(ValueError, match="Stage"):
        given_parameters(["Stage"])


@pytest.mark.parametrize(
    "overrides",
    [
        '"Stage=dev Name=\\"two words\\""',
        '["Stage=dev", "Name=two words"]',
        '{Stage = "dev", Name = "two words"}',
    ],
)
def test_samconfig_gives_parameters_in_each_of_its_forms(tmp_path: Path, overrides: str) -> None:
    (tmp_path / "samconfig.toml").write_text(f"[default.deploy.parameters]\nparameter_overrides = {overrides}\n")

    assert samconfig_parameters(tmp_path) == {"Stage": "dev", "Name": "two words"}


def test_samconfig_gives_parameters_in_the_form_of_the_aws_cli(tmp_path: Path) -> None:
    given = "ParameterKey=Stage,ParameterValue=dev ParameterKey=Size,ParameterValue=2"
    (tmp_path / "samconfig.toml").write_text(f'[default.deploy.parameters]\nparameter_overrides = "{given}"\n')

    assert samconfig_parameters(tmp_path) == {"Stage": "dev", "Size": "2"}


@pytest.mark.parametrize("text", ["", "version = ", "default = 3", '[default.deploy.parameters]\nx = "y"'])
def test_without_overrides_or_with_a_damaged_file_there_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "samconfig.toml").write_text(text)

    assert samconfig_parameters(tmp_path) == {}
