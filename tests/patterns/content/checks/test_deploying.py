"""What the embedded AWS deploys without a word and AWS does not."""

from catalogue.patterns.content.checks import deploying, functions
from catalogue.patterns.content.pattern import load_pattern
from tests.patterns.support.drafts import Draft, expect_one


def test_an_event_source_needs_the_right_to_receive(queued: Draft) -> None:
    assert list(deploying.check(load_pattern(queued.folder))) == []
    queued.replace("template.yaml", "sqs:ReceiveMessage", "sqs:GetQueueUrl")
    (mistake,) = deploying.check(load_pattern(queued.folder))
    assert (mistake.id, mistake.file.name) == ("patterns.E044", "template.yaml")
    assert "does not allow sqs:ReceiveMessage." in mistake.message
    assert mistake.line == queued.line_of("template.yaml", "Type: AWS::Lambda::EventSourceMapping") - 1


def test_a_deployment_waits_for_every_method(sample: Draft) -> None:
    line = sample.line_of("template.yaml", "Type: AWS::ApiGateway::Deployment") - 1
    sample.replace("template.yaml", "    DependsOn: GetHelloMethod\n", "")
    expect_one(
        list(deploying.check(load_pattern(sample.folder))),
        id="patterns.E045",
        file="template.yaml",
        line=line,
        message="does not wait for GetHelloMethod",
        remedy="DependsOn: [GetHelloMethod]",
    )


def test_an_environment_variable_is_text(sample: Draft) -> None:
    variables = "      Environment:\n        Variables:\n          STAGE: !Ref AWS::StackName\n          LIMIT: 3\n"
    sample.replace("template.yaml", "      Timeout: 5\n", f"      Timeout: 5\n{variables}")
    expect_one(
        list(deploying.check(load_pattern(sample.folder))),
        id="patterns.E046",
        file="template.yaml",
        line=sample.line_of("template.yaml", "LIMIT: 3"),
        message="`LIMIT` is 3, which is not text",
        remedy='LIMIT: "3"',
    )
    sample.replace("template.yaml", "LIMIT: 3", 'LIMIT: "3"')
    assert list(deploying.check(load_pattern(sample.folder))) == []


def test_so_is_one_that_all_functions_share(sample: Draft) -> None:
    shared = "Globals:\n  Function:\n    Environment:\n      Variables:\n        DEBUG: true\n\nResources:\n"
    sample.replace("template.yaml", "Resources:\n", shared)
    (mistake,) = deploying.check(load_pattern(sample.folder))
    assert (mistake.id, mistake.line) == ("patterns.E046", sample.line_of("template.yaml", "DEBUG: true"))


def test_code_that_is_not_there_is_named(sample: Draft) -> None:
    sample.replace("template.yaml", "CodeUri: functions/web/", "CodeUri: functions/wbe/")
    first = next(iter(functions.check(load_pattern(sample.folder))))
    assert (first.id, first.line) == ("patterns.E040", sample.line_of("template.yaml", "CodeUri: functions/wbe/"))
