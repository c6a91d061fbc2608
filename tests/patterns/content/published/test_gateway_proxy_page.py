"""Gateway Proxy's page shows another target of an integration. The embedded AWS does not call it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

CONTENT = Path(settings.BASE_DIR) / "patterns_content"


class TestOtherTargetOnThePage:
    """The page shows how EventBridge is called. The embedded AWS does not call it, so its text is checked here."""

    @pytest.fixture
    def integration(self) -> dict[str, Any]:
        page = (CONTENT / "gateway-proxy" / "pattern.md").read_text("utf-8")
        (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
        shown: dict[str, Any] = yaml.safe_load(block.replace("!Sub ", ""))
        return shown

    def test_it_names_the_action_and_the_json_protocol(self, integration: dict[str, Any]) -> None:
        """EventBridge finds the operation by X-Amz-Target: https://docs.aws.amazon.com/eventbridge/latest/APIReference/"""
        assert integration["Uri"].endswith(":events:action/PutEvents")
        assert integration["RequestParameters"] == {
            "integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
            "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
        }

    @pytest.mark.parametrize("body", [{"driver": "O'Neill"}, {"note": 'a "quoted" \\ word'}, {}])
    def test_its_template_gives_json_whatever_the_body(self, integration: dict[str, Any], body: dict[str, str]) -> None:
        """escapeJavaScript writes a backslash before a single quote, which is no JSON until replaceAll removes it."""
        template = integration["RequestTemplates"]["application/json"]
        call = """$util.escapeJavaScript($input.json('$')).replaceAll("\\\\'","'")"""
        assert call in template
        text = json.dumps(body)
        escaped = re.sub(r"""(['"\\])""", r"\\\1", text)
        (event,) = json.loads(template.replace(call, escaped.replace("\\'", "'")))["Entries"]
        assert json.loads(event["Detail"]) == body
        assert set(event) == {"EventBusName", "Source", "DetailType", "Detail"}
