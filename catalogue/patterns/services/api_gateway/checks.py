"""What AWS does differently with APIs, although the embedded AWS deploys it."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.services.api_gateway.deployments import DEPLOYMENT
from catalogue.patterns.services.api_gateway.rest import METHOD


def deployments(template: Template) -> Iterator[ContentError]:
    """CloudFormation may take the snapshot before the methods are there:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-deployment.html
    """
    bodies = template.document.value["Resources"]
    for deployment in template.of_type(DEPLOYMENT):
        after = bodies[deployment.id].get("DependsOn") or []
        awaited = {after} if isinstance(after, str) else set(after)
        missing = [
            method.id
            for method in template.of_type(METHOD)
            if method.property("RestApiId") == deployment.property("RestApiId")
            and method.id not in awaited
            and "Condition" not in bodies[method.id]
        ]
        if missing:
            yield ContentError(
                template.path,
                template.line("Resources", deployment.id),
                f"`{deployment.id}` does not wait for {', '.join(missing)}: on AWS it may be made first, and then its "
                "stage serves an API without them.",
                f"Add to it: `DependsOn: [{', '.join([*sorted(awaited), *missing])}]`.",
                id="patterns.E045",
            )
