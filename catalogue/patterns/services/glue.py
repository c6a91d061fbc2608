"""AWS Glue: jobs that others start, and crawlers."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, mapping
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service, Uses, named_by

CRAWLER = "AWS::Glue::Crawler"


def crawls(view: View) -> Iterator[Finding]:
    """A crawler reads the buckets that it is to describe."""
    for crawler in view.stack.of_type(CRAWLER):
        for target in items(mapping(crawler.property("Targets")).get("S3Targets")):
            path = text_of(target.get("Path")).removeprefix("s3://").split("/")[0]
            bucket = view.stack.named(path, "AWS::S3::Bucket")
            if bucket is not None:
                yield Relation("ingestion", bucket, crawler.id, crawler.id)


SERVICE = Service(
    key="glue",
    name="AWS Glue",
    actions="glue",
    types=(
        ResourceType("AWS::Glue::Job", Naming("Name", "arn:aws:glue:{region}:{account}:job/{name}"), works=False),
        ResourceType(CRAWLER, Naming("Name", "arn:aws:glue:{region}:{account}:crawler/{name}"), works=False),
    ),
    parts=("AWS::Glue::Database", "AWS::Glue::Table"),
    uses=Uses(writes=("StartJobRun", "StartCrawler")),
    calls=named_by("JobName", "Name"),
    finders=(crawls,),
)
