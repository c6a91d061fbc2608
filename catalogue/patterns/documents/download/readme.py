"""The README.md of a downloaded project: how to deploy, try and delete it, from the pattern's files."""

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.download.demo import levers_section, try_section
from catalogue.patterns.documents.download.stack_commands import SETUP, look_commands, look_sentences
from catalogue.patterns.documents.prose.plain import costs_table, fenced
from catalogue.patterns.services.logs import GROUP

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
        f"How and why it works: <{site_url}{pattern.url}>. This is revision {pattern.front.revision}.",
        _files(pattern),
        _PREREQUISITES,
        _deploy(pattern),
        try_section(pattern),
        _watch(pattern),
        levers_section(pattern),
        _tests(pattern),
        _delete(pattern),
        _costs(pattern),
        "## License\n\nApache License 2.0: see the file LICENSE.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _costs(pattern: Pattern) -> str:
    warning = "AWS charges for some resources even when they are idle. Delete the stack when you are done."
    return f"## What it costs\n\n{warning}\n\n{costs_table(pattern)}"


def _files(pattern: Pattern) -> str:
    names = [file.path for file in pattern.files if file.path in _PURPOSE] + ["samconfig.toml"]
    rows = [f"- `{name}`: {_PURPOSE[name]}" for name in names]
    functions = sorted({file.path.split("/")[1] for file in pattern.files if file.path.startswith("functions/")})
    rows += [f"- `functions/{name}/`: a Lambda function's code" for name in functions]
    if any(step.request and step.request.socket for step in pattern.demo.steps) if pattern.demo else False:
        rows.append("- `talk.py`: a client of WebSockets, which the steps below use")
    if pattern.tests:
        rows.append("- `tests/`: tests of the functions, and what they need")
    return "## Files\n\n" + "\n".join(rows)


# https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html#cli-usage-pagination-clientside
_NO_PAGER = "export AWS_PAGER=  # the AWS CLI would show each answer in a pager"
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
        "The guide asks for a stack name and a region. Choose the region that your AWS CLI uses, and accept the other "
        "defaults, except for the last question: answer `y` to deploy the changeset. The template creates an IAM "
        "role for each function. `CAPABILITY_IAM` in samconfig.toml is your consent to that. This is a demo: "
        "read what it exposes to the internet, and delete it when you are done.",
    ]
    steps += [
        "The deployment takes a few minutes. Then define what the commands below use: the stack's name (the one that "
        "you chose), its endpoint, and a function that looks up a resource's id.",
        fenced("\n".join([f"STACK={pattern.slug}", _NO_PAGER, *_endpoint(pattern), SETUP]), "sh"),
    ]
    if pattern.naive:
        steps += [
            "Deploy the design without the pattern to its own stack:",
            fenced(
                "sam build --template-file naive.yaml --build-dir .aws-sam/naive\n"
                'sam deploy --template-file .aws-sam/naive/template.yaml --config-file "$PWD/samconfig.toml" '
                f"--stack-name {pattern.slug}-naive",
                "sh",
            ),
            "Answer `y` again. (`sam` looks for samconfig.toml in the folder of the template, so its path is given.)",
        ]
    return "\n\n".join(steps)


def _endpoint(pattern: Pattern) -> list[str]:
    lines = []
    for output, name in (("Endpoint", "ENDPOINT"), ("SocketEndpoint", "SOCKETS")):
        if output in pattern.template.outputs:
            lines += [
                f'{name}=$(aws cloudformation describe-stacks --stack-name "$STACK" \\',
                f"""  --query "Stacks[0].Outputs[?OutputKey=='{output}'].OutputValue" --output text)""",
                f'echo "${name}"',
            ]
    return lines


def _watch(pattern: Pattern) -> str:
    parts = [
        "## Look inside",
        "Follow the logs of all functions in another terminal. A line appears some seconds after it was written. "
        "Each line is JSON with `step`, and with `trace` if the request had one.",
        fenced(f"sam logs --stack-name {pattern.slug} --tail", "sh"),
    ]
    shown = look_sentences(pattern.template)
    for id, command in look_commands(pattern.template).items():
        parts += [f"`{id}`: {shown[id]}", fenced(command, "sh")]
    return "\n\n".join(parts)


def _tests(pattern: Pattern) -> str:
    if not pattern.tests:
        return ""
    return "\n\n".join(
        [
            "## Test the handlers",
            "`tests/` holds the tests that the page speaks of. They need no AWS account. Those that need a table or a "
            "queue use a local emulator, which the tests start. The installation takes about a minute.",
            fenced(
                "python3 -m venv .venv\n"
                ".venv/bin/python -m pip install --quiet --requirement tests/requirements.txt\n"
                ".venv/bin/python -m pytest",
                "sh",
            ),
        ]
    )


def _delete(pattern: Pattern) -> str:
    commands = [f"sam delete --stack-name {pattern.slug}"]
    if pattern.naive:
        commands.append(f"sam delete --stack-name {pattern.slug}-naive")
    parts = [
        "## Delete it",
        "Release every fault first: a policy that was added by hand keeps its role, and so the stack, from being "
        "deleted. Then delete what you deployed. Each command asks for confirmation and returns when the stack is "
        "gone, after a few minutes.",
        fenced("\n".join(commands), "sh"),
    ]
    if not any(pattern.template.of_type(GROUP)):
        parts += [
            "Lambda created the log groups itself, so they remain. List them, and delete the ones that you no "
            "longer need with `aws logs delete-log-group --log-group-name …`:",
            fenced(
                f"aws logs describe-log-groups --log-group-name-prefix /aws/lambda/{pattern.slug}- \\\n"
                "  --query 'logGroups[].logGroupName' --output text",
                "sh",
            ),
        ]
    return "\n\n".join(parts)
