"""Run documents as they are stored: what an earlier version wrote can still be read."""

import json

from catalogue.patterns.runs.document import read_run
from tests.patterns.runs.documents import action, run_of


def test_a_run_kept_under_the_earlier_field_name_is_read() -> None:
    run = run_of("function-as-a-web-service", [], actions=[action(0, "Quote")])
    document = json.loads(run.model_dump_json())
    assert "actions" in document
    document["deeds"] = [{**each, "deed": each["action"]} for each in document.pop("actions")]
    for each in document["deeds"]:
        del each["action"]
    assert read_run(document) == run
