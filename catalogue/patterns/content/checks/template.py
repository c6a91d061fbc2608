"""template.yaml and naive.yaml: known services, no aliases, new snapshots of changed APIs, an Endpoint for demos."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.template import Template, referenced_ids
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.yaml_lines import aliases
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.services.api_gateway.deployments import stamped_ids
from catalogue.patterns.services.known import services
from catalogue.patterns.services.registry import registry


def templates(pattern: Pattern) -> Iterator[Template]:
    """The pattern's template, and its naive twin's."""
    yield pattern.template
    if pattern.naive is not None:
        yield pattern.naive


def check(pattern: Pattern) -> Iterator[ContentError]:
    for template in templates(pattern):
        yield from _known_services(template)
        yield from _no_aliases(template)
        yield from _new_snapshots(template)
        if pattern.demo is not None:
            yield from _endpoint(template)


def _known_services(template: Template) -> Iterator[ContentError]:
    for resource in template.resources.values():
        if not services().knows(resource.type):
            yield ContentError(
                template.path,
                template.line("Resources", resource.id, "Type"),
                f"`{resource.id}` is of the type `{resource.type}`, which belongs to no known service.",
                "Correct the type, or add it to its service in catalogue/patterns/services/.",
                id="patterns.E020",
            )


def _no_aliases(template: Template) -> Iterator[ContentError]:
    for line, name in aliases(template.text):
        yield ContentError(
            template.path,
            line,
            f"The YAML alias `*{name}` is not supported by every tool that reads templates.",
            "Repeat the value instead.",
            id="patterns.E042",
        )


def _new_snapshots(template: Template) -> Iterator[ContentError]:
    for id, expected in stamped_ids(template):
        if id != expected:
            yield ContentError(
                template.path,
                template.line("Resources", id),
                f"The deployment `{id}` keeps its logical id although its API has changed: an updated stack would go "
                "on serving the old API.",
                f"Run `manage.py stamp_deployments` (`make format` does), which names it `{expected}`.",
                id="patterns.E043",
            )


def _endpoint(template: Template) -> Iterator[ContentError]:
    """A demo calls the address in the output `Endpoint`."""
    output = template.outputs.get("Endpoint")
    value = output.get("Value") if isinstance(output, dict) else None
    apis = registry().endpoints(template)
    if value is None:
        yield ContentError(
            template.path,
            template.line("Outputs"),
            "The pattern has a demo, but the template has no output `Endpoint`.",
            f"Add it under `Outputs:` with the value `!Sub https://${{{apis[0] if apis else 'Api'}}}"
            ".execute-api.${AWS::Region}.amazonaws.com/<stage>`.",
            id="patterns.E034",
        )
    elif not referenced_ids(value) & set(apis):
        yield ContentError(
            template.path,
            template.line("Outputs", "Endpoint", "Value"),
            "The output `Endpoint` does not refer to an API of the template.",
            f"Build it from {' or '.join(f'`${{{id}}}`' for id in apis) or 'an API that you add'}.",
            id="patterns.E034",
        )
