import pytest

from tests.patterns.support.drafts import Draft, expect_one


def test_a_resource_of_no_known_service_is_named(sample: Draft) -> None:
    sample.replace("template.yaml", "\nOutputs:", "\n  Ring:\n    Type: AWS::Iot::Ring\n\nOutputs:")
    expect_one(
        sample.mistakes(),
        id="patterns.E020",
        file="template.yaml",
        line=sample.line_of("template.yaml", "AWS::Iot::Ring"),
        message="belongs to no known service",
        remedy="catalogue/patterns/services/",
    )


def test_a_yaml_alias_is_refused(sample: Draft) -> None:
    sample.replace("template.yaml", "Architectures: [arm64]", "Architectures: &arm [arm64]")
    sample.replace("template.yaml", "Timeout: 5", "Timeout: 5\n      Layers: *arm")
    expect_one(
        sample.mistakes(),
        id="patterns.E042",
        file="template.yaml",
        line=sample.line_of("template.yaml", "*arm"),
        message="`*arm`",
        remedy="Repeat the value instead",
    )


def test_a_demo_needs_an_endpoint_output(sample: Draft) -> None:
    text = sample.text("template.yaml")
    sample.write("template.yaml", text[: text.index("\nOutputs:")])
    (mistake,) = sample.mistakes()
    assert (mistake.id, mistake.file.name) == ("patterns.E034", "template.yaml")
    assert "${Api}.execute-api.${AWS::Region}" in mistake.remedy
    (sample.folder / "demo.yaml").unlink()
    assert sample.mistakes() == []


def test_the_endpoint_output_is_built_from_an_api(sample: Draft) -> None:
    sample.replace("template.yaml", "Value: !Sub https://${Api}", "Value: !Sub https://example")
    expect_one(
        sample.mistakes(),
        id="patterns.E034",
        file="template.yaml",
        line=sample.line_of("template.yaml", "Value: !Sub https://example"),
        message="does not refer to an API",
        remedy="`${Api}`",
    )


def test_the_naive_twin_is_checked_too(sample: Draft) -> None:
    sample.write("naive.yaml", sample.text("template.yaml").replace("functions/web/", "functions/wep/"))
    (mistake,) = sample.mistakes()
    assert (mistake.id, mistake.file.name) == ("patterns.E040", "naive.yaml")


@pytest.mark.parametrize(
    ("old", "new", "at", "message", "remedy"),
    [
        (
            "CodeUri: functions/web/",
            "CodeUri: src/",
            "CodeUri",
            "`src/`, and there is no such",
            "`functions/web/`",
        ),
        ("      CodeUri: functions/web/\n", "", "Properties:", "no `CodeUri`", "`functions/web/`"),
        ("Handler: app.handler", "Handler: main.handler", "Handler", "no functions/web/main.py", "Correct one of them"),
        (
            "Handler: app.handler",
            "Handler: app.handle",
            "Handler",
            "no function `handle`",
            "def handle(event",
        ),
        ("Handler: app.handler", "Handler: handler", "Handler", "`Handler` is 'handler'", "app.handler"),
    ],
)
def test_a_function_names_code_that_is_there(
    sample: Draft, old: str, new: str, at: str, message: str, remedy: str
) -> None:
    sample.replace("template.yaml", old, new)
    mistakes = [mistake for mistake in sample.mistakes() if mistake.id != "patterns.E041"]
    expect_one(
        mistakes,
        id="patterns.E040",
        file="template.yaml",
        line=sample.line_of("template.yaml", at),
        message=message,
        remedy=remedy,
    )


def test_globals_stand_in_for_a_functions_own_settings(sample: Draft) -> None:
    sample.replace("template.yaml", "      Handler: app.handler\n", "")
    sample.replace("template.yaml", "\nResources:", "\nGlobals:\n  Function:\n    Handler: app.handler\n\nResources:")
    assert sample.mistakes() == []


def test_code_that_no_template_uses_is_named(sample: Draft) -> None:
    sample.write("functions/old/app.py", "def handler(event, context): ...\n")
    expect_one(
        sample.mistakes(),
        id="patterns.E041",
        file="old",
        line=1,
        message="functions/old/",
        remedy="Delete the folder",
    )


def test_code_used_by_the_naive_twin_alone_is_used(sample: Draft) -> None:
    sample.write("functions/slow/app.py", "def handler(event, context): ...\n")
    sample.write("naive.yaml", sample.text("template.yaml").replace("functions/web/", "functions/slow/"))
    assert sample.mistakes() == []


def test_a_syntax_error_in_a_function_is_named(sample: Draft) -> None:
    sample.append("functions/web/app.py", "\ndef broken(:\n")
    mistakes = [mistake for mistake in sample.mistakes() if mistake.file.name == "app.py"]
    expect_one(
        mistakes,
        id="patterns.E040",
        file="app.py",
        line=sample.line_of("functions/web/app.py", "def broken"),
        message="not valid Python",
        remedy="Fix",
    )
