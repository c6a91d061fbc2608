"""AWS Lambda: functions, event source mappings, destinations."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.code import quoted
from catalogue.patterns.cloudformation.stack.evaluation import is_true, text_of
from catalogue.patterns.cloudformation.stack.iam import Statement, admits
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, items
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.services.lambda_ import checks
from catalogue.patterns.services.lambda_.operations import FUNCTIONS, MAPPING, OPERATIONS, SHELL
from catalogue.patterns.services.lambda_.pricing import charges
from catalogue.patterns.services.model import (
    Caller,
    Finding,
    Measure,
    NotProven,
    Relation,
    ResourceType,
    Route,
    Service,
    Uses,
    named_by,
)

SAM_FUNCTION, FUNCTION = FUNCTIONS
INVOCATION = "AWS::Lambda::EventInvokeConfig"
PERMISSION = "AWS::Lambda::Permission"
URL = "AWS::Lambda::Url"
_NAMING = Naming(
    "FunctionName",
    "arn:aws:lambda:{region}:{account}:function:{name}",
    addresses=("https://url-{name}.lambda-url.{region}.on.aws",),
)

_MAPPING = Naming(arn="arn:aws:lambda:{region}:{account}:event-source-mapping:{name}")
_QUALIFIED = Naming("FunctionName", "arn:aws:lambda:{region}:{account}:function:{name}:{id}", ref="{arn}", part=True)
_URL = Naming(
    "TargetFunctionArn",
    "arn:aws:lambda:{region}:{account}:function:{name}",
    ref="{arn}",
    attributes={"FunctionUrl": "https://url-{name}.lambda-url.{region}.on.aws/"},
    part=True,
)
SWITCHED_ON = "SwitchedOn"
"""Key of an event source's Metadata: it is deployed disabled, and the text says who enables it. Its arrow counts."""


def event_sources(view: View) -> Iterator[Finding]:
    """Lambda polls a queue, stream or broker, and invokes a function with what it finds."""
    for mapping in view.stack.of_type(MAPPING):
        source = view.stack.find(mapping.property("EventSourceArn"))
        function = view.stack.named(mapping.property("FunctionName"), FUNCTION)
        if source is None or function is None:
            continue
        known = view.known(source)
        silent = known[0].silent(view.stack.resources[source]) if known and known[0].silent else None
        if not is_true(mapping.property("Enabled", default=True)) and mapping.metadata.get(SWITCHED_ON) is None:
            silent = "the event source is disabled"
        if silent:
            yield NotProven("event-source", source, function, mapping.id, silent)
            continue
        yield Relation("event-source", source, function, mapping.id)
        destination = mapping.property("DestinationConfig", "OnFailure", "Destination")
        yield from _handed_on(view, "destination", function, destination, mapping)


def mounts(view: View) -> Iterator[Finding]:
    """A function reads and writes the file systems that are mounted in it."""
    for function in view.stack.of_type(FUNCTION):
        for configured in items(function.property("FileSystemConfigs")):
            mounted = view.stack.find(configured.get("Arn"))
            if mounted is not None:
                yield Relation("mount", function.id, mounted, function.id, True)


def destinations(view: View) -> Iterator[Finding]:
    """What becomes of an asynchronous invocation: its result goes on, its event is kept where dead letters are."""
    for config in view.stack.of_type(INVOCATION):
        function = view.stack.named(config.property("FunctionName"), FUNCTION)
        for outcome in ("OnSuccess", "OnFailure"):
            to = config.property("DestinationConfig", outcome, "Destination")
            if function and to:
                yield from _handed_on(view, "destination", function, to, config)
    for resource in view.stack.of_type(FUNCTION):
        yield from _handed_on(
            view, "dead-letter", resource.id, resource.property("DeadLetterConfig", "TargetArn"), resource
        )


def _handed_on(view: View, kind: str, function: str, to: object, by: Deployed) -> Iterator[Finding]:
    """Lambda hands something on as the function's role."""
    if to:
        role = view.stack.resources[function].property("Role")
        yield from view.delivery(kind, function, to, by, sender="lambda", role=role)


def urls(view: View) -> Iterator[Finding]:
    """A function's URL invokes it, and waits. One without authorization needs a permission for everyone.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html (2026-11-30). URLs that are made since October 2025 also
    need `lambda:InvokeFunction`; a template does not say when its URL is made, so that is not asked for here.
    """
    for url in view.stack.of_type(URL):
        function = view.stack.named(text_of(url.property("TargetFunctionArn")), FUNCTION)
        if function is None:
            continue
        if url.property("AuthType") == "AWS_IAM" or _public(view, function):
            yield Relation("url", url.id, function, url.id, True)
        else:
            yield NotProven("url", url.id, function, url.id, "no permission lets everyone invoke it by its URL")


def _public(view: View, function: str) -> bool:
    return any(
        text_of(permission.property("Principal")) == "*"
        and text_of(permission.property("Action")).lower() == "lambda:invokefunctionurl"
        for permission in view.stack.of_type(PERMISSION)
        if view.stack.named(permission.property("FunctionName"), FUNCTION) == function
    )


def functions(view: View) -> Iterator[Caller]:
    for function in view.stack.of_type(FUNCTION):
        variables = function.property("Environment", "Variables", default={})
        given = variables.values() if isinstance(variables, Mapping) else ()
        code = view.code.get(function.id, frozenset()) | quoted(text_of(function.property("Code", "ZipFile")))
        yield Caller(function.id, function.property("Role"), tuple(text_of(value) for value in given), code)


def url_routes(view: View) -> Iterator[Route]:
    """A function URL takes every method and path."""
    for url in view.stack.of_type(URL):
        function = view.stack.named(url.property("TargetFunctionArn"), FUNCTION)
        yield from (Route("ANY", path, url.id, function or "") for path in ("/", "/{proxy+}"))


def endpoints(template: Template) -> Iterator[str]:
    """Function URLs, also those that SAM makes: `WebUrl` of the function `Web`.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
    """
    yield from (url.id for url in template.of_type(URL))
    for function in template.of_type(SAM_FUNCTION):
        if function.property("FunctionUrlConfig") is not None:
            yield f"{function.id}Url"


def polls(template: Template, resource: Resource) -> Iterator[tuple[str, str]]:
    if resource.type == MAPPING:
        yield from ((resource.id, id) for id in _referenced(resource.property("EventSourceArn")))
    elif resource.type == SAM_FUNCTION:
        for name, event in (resource.property("Events") or {}).items():
            polled = (event.get("Properties") or {}).get("Queue")  # of streams nothing is known to cost by the hour
            # SAM names the event source after the function and the event.
            yield from ((f"{resource.id}{name}", id) for id in _referenced(polled))


def _referenced(arn: object) -> list[str]:
    """The logical id in a GetAtt of an ARN."""
    named = arn.get("Fn::GetAtt") if isinstance(arn, Mapping) else None
    return [named.split(".")[0] if isinstance(named, str) else str(named[0])] if named else []


def _admits(view: View, id: str, sender: str, source: str) -> bool:
    found = [
        Statement(
            True,
            (str(permission.property("Action", default="")).lower(),),
            (),
            ("*",),
            (str(permission.property("Principal")),),
            permission.id,
            tuple(arn for arn in [permission.property("SourceArn")] if isinstance(arn, str)),
        )
        for permission in view.stack.of_type(PERMISSION)
        if view.stack.named(permission.property("FunctionName"), FUNCTION) == id
    ]
    return admits(found, sender, "lambda:invokefunction", source)


SERVICE = Service(
    key="lambda",
    name="AWS Lambda",
    actions="lambda",
    types=(
        *(
            ResourceType(type, _NAMING, role="function", noun="a function", secured=True, pictured=True, shell=SHELL)
            for type in FUNCTIONS
        ),
        ResourceType(MAPPING, _MAPPING, noun="an event source mapping"),
        ResourceType("AWS::Lambda::Version", _QUALIFIED),
        ResourceType("AWS::Lambda::Alias", _QUALIFIED),
        ResourceType(URL, _URL),
    ),
    parts=(
        INVOCATION,
        PERMISSION,
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::LayerVersionPermission",
        "AWS::Lambda::CodeSigningConfig",
        "AWS::Serverless::LayerVersion",
    ),
    uses=Uses(writes=("InvokeFunction", "InvokeAsync", "InvokeFunctionUrl")),
    calls=named_by("FunctionName"),
    action_of={"invoke": ("InvokeFunction",)},
    admits=_admits,
    measures={
        "invocations": Measure(
            FUNCTIONS,
            "invocations of a function since the step began",
            "invocation",
            "of",
            "{resource} has made {bound} since this command",
            "run",
        ),
        "errors": Measure(
            FUNCTIONS,
            "invocations of a function that failed, since the step began",
            "failure",
            "of",
            "{resource} has had {bound} since this command",
            "failed run",
        ),
        "logged": Measure(
            FUNCTIONS,
            "log lines of a function that hold `text`, since the step began",
            "line",
            "of",
            "the log of {resource} has a line with {text}",
            "line",
            text=True,
        ),
    },
    operations=OPERATIONS,
    charges=charges,
    checks=(checks.event_sources, checks.environments),
    managed={
        "AWSLambda_FullAccess": ("lambda:*",),
        "AWSLambdaRole": ("lambda:invokefunction",),
    },
    finders=(event_sources, destinations, urls, mounts),
    callers=functions,
    routes=url_routes,
    endpoints=endpoints,
    polls=polls,
)
