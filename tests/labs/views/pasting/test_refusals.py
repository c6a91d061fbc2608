"""What costs more to read than it has bytes, or runs on AWS only, is refused before anything is made of it."""

import pytest

from catalogue.labs.pasting.refusals import (
    LONGEST_NUMBER,
    MOST_DEPTH,
    MOST_NODES,
    SAM,
    Unacceptable,
    require_plain_template,
    require_plain_text,
)

TOPIC = {"Type": "AWS::SNS::Topic"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [1]\nb: *a", "Line 2: CloudFormation takes no YAML aliases"),
        ("b:\n  <<: {c: 1}", "Line 2: CloudFormation takes no hash merges"),
        ("[" * (MOST_DEPTH + 2) + "]" * (MOST_DEPTH + 2), "nested more than"),
        ("[" * 200_000, "nested more than"),
        (f"a: {'9' * (LONGEST_NUMBER + 1)}", "A number has more than"),
        ("a: 1" + ":59" * 30_000, "A number has more than"),
        (f"a: 0x{'f' * 100_000}", "A number has more than"),
        ("a: !!binary aGk=", "no values of the type !!binary"),
        ("a: !!set {b}", "no values of the type !!set"),
        ("a: !!python/object/apply:os.system [ls]", "no values of the type !!python"),
        ("a: !<tag:example.org,2026:x> b", "is not one of CloudFormation"),
        ("? [a, b]\n: c", "A name must be a text, not a list"),
        ("? !Ref a\n: c", "A name must be a text, without a function"),
        ("a: [b", "This is not YAML"),
        ("a: \x00", "This is not YAML"),
        ("- a\n" * (2 * MOST_NODES), "more than 60,000 names and values"),
    ],
)
def test_a_text_that_is_no_plain_yaml_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(Unacceptable, match=reason.replace("(", r"\(")):
        require_plain_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Resources:\n  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub '${AWS::StackName}-q'}}",
        "a: !GetAtt Queue.Arn\nb: !If [C, !Ref A, !Ref 'AWS::NoValue']\n? long\n: value",
        '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 5}}}}',
        "account: 123456789012\nversion: 2012-10-17\npattern: '<<'\n'quoted': " + f"'{'9' * 100}'",
        "list:\n  - {a: 1}\n  - [b, c]\nafter: &anchor x",
    ],
)
def test_what_templates_are_written_in_is_accepted(text: str) -> None:
    require_plain_text(text)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"Transform": "AWS::LanguageExtensions"}, "AWS::LanguageExtensions runs on AWS only"),
        ({"Transform": [SAM, "MyMacro"]}, "MyMacro runs on AWS only"),
        ({"Transform": {"Name": "AWS::Include", "Parameters": {"Location": "x.yaml"}}}, "runs on AWS only"),
        (
            {"Resources": {"A": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "/etc/x"}}}}},
            "Fn::Transform runs on AWS only",
        ),
        ({"Resources": {"Fn::ForEach::Topics": ["Id", ["a"], {"${Id}": TOPIC}]}}, "Fn::ForEach runs on AWS only"),
        ({"Resources": {"A<b>": TOPIC}}, "is no logical ID"),
        ({"Resources": {f"A{number}": TOPIC for number in range(501)}}, "501 resources"),
        ({"Outputs": {"A": {"Value": float("inf")}}}, "infinite"),
    ],
)
def test_a_template_that_only_aws_can_complete_is_refused(document: dict[str, object], reason: str) -> None:
    with pytest.raises(Unacceptable, match=reason):
        require_plain_template({"Resources": {"Topic": TOPIC}, **document})


def test_a_plain_or_a_sam_template_is_accepted() -> None:
    require_plain_template({"Resources": {"Topic": TOPIC}})
    require_plain_template({"Transform": SAM, "Resources": {"Topic": TOPIC}, "Outputs": {"Out": {"Value": 1.5}}})
    require_plain_template({"Transform": [SAM], "Resources": {"Topic": TOPIC}})
