#!/usr/bin/env bash
# cfn-lint: rule E3505 (a queue visible again before its function's timeout) is silent where the function is SAM's.
#
# Seen with cfn-lint 1.58.0 and aws-sam-translator 1.115.0. cfn-lint translates a SAM template before it lints it, and yet
# finds nothing in a template whose queue has a VisibilityTimeout of 5 s and whose function a Timeout of 30 s. The same
# template as the translator writes it is reported as E3505. AWS refuses to create the event source of either.
# So a clean lint of a SAM template does not say that rules across resources hold: lint the translated one too.
#
# Needs Python 3.10 or newer and the package index. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "cfn-lint==1.58.0" "aws-sam-translator==1.115.0"
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

SAM = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 5}},
        "Worker": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Timeout": 30,
                "InlineCode": "def handler(event, context): pass",
                "Events": {"Orders": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}}},
            },
        },
    },
}


def found(template, name):
    Path(name).write_text(json.dumps(template))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", "--regions", "us-east-1", "--", name]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [f"{one['Rule']['Id']} {one['Message']}" for one in json.loads(said or "[]")]


translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
as_written = found(SAM, "sam.json")
translated = found(translator.translate(json.loads(json.dumps(SAM)), {}), "translated.json")
print(f"cfn-lint {version('cfn-lint')}, aws-sam-translator {version('aws-sam-translator')}")
print(f"  the SAM template: {as_written}")
print(f"  the same, translated: {translated}")
sys.exit(not (as_written == [] and [one[:5] for one in translated] == ["E3505"]))
PYTHON
