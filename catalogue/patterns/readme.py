"""The README.md of a downloaded project: how to deploy, try and delete it, from the pattern's files."""

from catalogue.patterns.content import Pattern
from catalogue.patterns.curl import command, variable
from catalogue.patterns.plain import costs_table, fenced
from catalogue.patterns.schema import Step

_PURPOSE = {
    "template.yaml": "the stack, as AWS SAM and CloudFormation",
    "naive.yaml": "the same job without the pattern, to compare",
    "demo.yaml": "the steps below, with the answers to expect, for programs",
    "samconfig.toml": "the SAM CLI's settings for this project",
}


def readme(pattern: Pattern, site_url: str) -> str:
    """Markdown. `site_url` (no trailing slash) leads back to the pattern's page."""
    parts = [
        f"# {pattern.title}",
        f"{pattern.front.summary}\n\n**{pattern.front.question}** {pattern.front.answer}",
        f"How and why it works: <{site_url}{pattern.url}>. This is its revision {pattern.front.revision}.",
        _files(pattern),
        _PREREQUISITES,
        _deploy(pattern),
        _try(pattern),
        _watch(pattern),
        _delete(pattern),
        _costs(pattern),
        "## Licence\n\nApache License 2.0: see the file LICENSE.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _costs(pattern: Pattern) -> str:
    warning = "AWS charges for some things even while nothing runs: delete what you are done with."
    return f"## What it costs\n\n{warning}\n\n{costs_table(pattern)}"


def _files(pattern: Pattern) -> str:
    names = [file.path for file in pattern.files if file.path in _PURPOSE] + ["samconfig.toml"]
    rows = [f"- `{name}`: {_PURPOSE[name]}" for name in names]
    functions = sorted({file.path.split("/")[1] for file in pattern.files if file.path.startswith("functions/")})
    rows += [f"- `functions/{name}/`: a Lambda function's code" for name in functions]
    return "## What is here\n\n" + "\n".join(rows)


_PREREQUISITES = """\
## What you need

- an AWS account, and credentials for it in your shell (`aws sts get-caller-identity` answers)
- the [AWS SAM CLI](https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html)
- the [AWS CLI](https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), version 2
- Python 3.13, or Docker: then add `--use-container` to `sam build`"""


def _deploy(pattern: Pattern) -> str:
    steps = [
        "## Deploy",
        fenced("sam build\nsam deploy --guided", "sh"),
        "The guide asks for a stack name and a region; take its other defaults. The template has IAM roles "
        "of its own, one for each function, and `CAPABILITY_IAM` in samconfig.toml is your consent to them. "
        "This is a demonstration: read what it opens to the internet, and delete it when you are done.",
    ]
    if "Endpoint" in pattern.template.outputs:
        query = "Stacks[0].Outputs[?OutputKey=='Endpoint'].OutputValue"
        steps += [
            "Keep the endpoint in a variable (with the stack name that you chose):",
            fenced(
                f"ENDPOINT=$(aws cloudformation describe-stacks --stack-name {pattern.slug} \\\n"
                f'  --query "{query}" --output text)\n'
                'echo "$ENDPOINT"',
                "sh",
            ),
        ]
    if pattern.naive:
        steps += [
            "The design without the pattern goes into a stack of its own:",
            fenced(
                "sam build --template-file naive.yaml --build-dir .aws-sam/naive\n"
                "sam deploy --template-file .aws-sam/naive/template.yaml "
                f"--stack-name {pattern.slug}-naive",
                "sh",
            ),
        ]
    return "\n\n".join(steps)


def _try(pattern: Pattern) -> str:
    if pattern.demo is None:
        return ""
    steps = [_step(number, step) for number, step in enumerate(pattern.demo.steps, 1)]
    return "\n\n".join(["## Try it", " ".join(pattern.demo.story.split()), *steps])


def _step(number: int, step: Step) -> str:
    parts = [f"### {number}. {step.title}", " ".join(step.notice.split())]
    if step.wait:
        parts.append(f"Wait {step.wait:g} seconds first.")
    if step.request:
        parts.append(fenced(command(step.request), "sh"))
        parts.append(_expectation(step))
    elif step.operation:
        operation = step.operation
        told = {"to": operation.to, "name": operation.name, "value": operation.value}
        details = "".join(f", {name} `{value}`" for name, value in told.items() if value is not None)
        parts.append(
            "This step changes the stack itself, by the console or the AWS CLI: "
            f"{operation.action} on the template's `{operation.resource}`{details}."
        )
    if step.save:
        kept = ", ".join(f"`{variable(name)}` ({source})" for name, source in step.save.items())
        parts.append(f"Later steps use values of this answer. Keep them as shell variables: {kept}.")
    return "\n\n".join(part for part in parts if part)


def _expectation(step: Step) -> str:
    if step.expect.statuses:
        counts = ", ".join(f"{count} × {status}" for status, count in step.expect.statuses.items())
        return f"Expect: {counts}."
    return f"Expect: status {step.expect.status}." if step.expect.status else ""


def _watch(pattern: Pattern) -> str:
    return "\n\n".join(
        [
            "## Watch its logs",
            fenced(f"sam logs --stack-name {pattern.slug} --tail", "sh"),
            "Each line is JSON with `step`, and `trace` where the request had one.",
        ]
    )


def _delete(pattern: Pattern) -> str:
    commands = [f"sam delete --stack-name {pattern.slug}"]
    if pattern.naive:
        commands.append(f"sam delete --stack-name {pattern.slug}-naive")
    parts = ["## Delete it", fenced("\n".join(commands), "sh")]
    if not any(pattern.template.of_type("AWS::Logs::LogGroup")):
        parts += [
            "Lambda made the log groups on its own, so they stay. List them, and delete those that you no "
            "longer want with `aws logs delete-log-group --log-group-name …`:",
            fenced(
                f"aws logs describe-log-groups --log-group-name-prefix /aws/lambda/{pattern.slug}- \\\n"
                "  --query 'logGroups[].logGroupName' --output text",
                "sh",
            ),
        ]
    return "\n\n".join(parts)
