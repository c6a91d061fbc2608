"""Amazon Kendra: indexes."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import texts
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service, Uses, named_by

INDEX = "AWS::Kendra::Index"
SOURCE = "AWS::Kendra::DataSource"


def data_sources(view: View) -> Iterator[Finding]:
    """An index reads the documents of its data sources."""
    for source in view.stack.of_type(SOURCE):
        index = view.stack.named(source.property("IndexId"), INDEX)
        statements = view.statements(source.property("RoleArn"))
        for text in texts(source.property("DataSourceConfiguration", "S3Configuration")):
            bucket = view.stack.named(text, "AWS::S3::Bucket")
            if index and bucket and (statements is None or view.reach(statements, bucket, "GetObject")):
                yield Relation("ingestion", bucket, index, source.id)


SERVICE = Service(
    key="kendra",
    name="Amazon Kendra",
    actions="kendra",
    types=(
        ResourceType(
            INDEX,
            Naming(arn="arn:aws:kendra:{region}:{account}:index/{name}", attributes={"Id": "{name}"}),
            pictured=True,
        ),
    ),
    parts=(SOURCE, "AWS::Kendra::Faq"),
    uses=Uses(reads=("Query", "Retrieve"), writes=("BatchPutDocument", "BatchDeleteDocument")),
    calls=named_by("IndexId"),
    finders=(data_sources,),
)
