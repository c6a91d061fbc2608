"""Amazon OpenSearch Ingestion: pipelines."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import texts
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service

PIPELINE = "AWS::OSIS::Pipeline"


def pipelines(view: View) -> Iterator[Finding]:
    """A pipeline reads what its sources name, and writes to what its sinks name."""
    for pipeline in view.stack.of_type(PIPELINE):
        for part in _parts(text_of(pipeline.property("PipelineConfigurationBody"))):
            for source in _named(view, part.get("source")):
                yield Relation("ingestion", source, pipeline.id, pipeline.id)
            for sink in _named(view, part.get("sink")):
                yield Relation("delivery", pipeline.id, sink, pipeline.id)


def _parts(body: str) -> Iterator[Mapping[str, Any]]:
    try:
        read = yaml.safe_load(body)
    except yaml.YAMLError:
        return
    yield from (part for part in read.values() if isinstance(part, Mapping)) if isinstance(read, Mapping) else ()


def _named(view: View, part: Any) -> Iterator[str]:
    for text in dict.fromkeys(texts(part)):
        found = view.stack.find(text) or view.stack.named(text, "AWS::S3::Bucket")
        if found is not None and view.known(found) and view.stack.resources[found].type != "AWS::IAM::Role":
            yield found


SERVICE = Service(
    key="opensearch-ingestion",
    name="Amazon OpenSearch Ingestion",
    actions="osis",
    types=(
        ResourceType(
            PIPELINE, Naming("PipelineName", "arn:aws:osis:{region}:{account}:pipeline/{name}"), pictured=True
        ),
    ),
    finders=(pipelines,),
)
