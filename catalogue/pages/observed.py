"""What the kept pages tell of themselves: which build the machine has, and how many pages are in it."""

from collections.abc import Iterable
from contextlib import closing

from prometheus_client.core import GaugeMetricFamily, Metric

from catalogue.observability.prometheus import collectors
from catalogue.pages.builds import store
from catalogue.web.front import observed as front_observed  # noqa: F401  (it is no app, and registers itself)


def collect() -> Iterable[Metric]:
    number = pages = built = 0.0
    database = store.reading()
    if database is not None:
        with closing(database):
            edition = store.edition(database)
            number = edition.number if edition else 0
            (pages,) = database.execute("SELECT count(*) FROM address").fetchone()
        built = max(
            (file.stat().st_mtime for file in store.store_file().parent.glob(store.store_file().name + "*")),
            default=0.0,
        )
    yield GaugeMetricFamily("patterns_build_edition", "Number of the last build of kept pages; 0: none.", value=number)
    yield GaugeMetricFamily("patterns_build_pages", "Pages of the last build.", value=pages)
    yield GaugeMetricFamily("patterns_build_timestamp_seconds", "When the store last changed, Unix time.", value=built)


collectors.register("pages", collect)
