#!/usr/bin/env bash
# AWS SAM: `PermissionsBoundary` of a function or state machine does not reach every role that SAM makes for it.
#
# Seen with aws-sam-translator 1.115.0, the library behind CloudFormation's Serverless transform: the execution role and the
# roles of Schedule and EventBridgeRule events get the boundary. The role of a ScheduleV2 event, and the CodeDeploy role of
# a DeploymentPreference, get none (an event has a PermissionsBoundary of its own; CodeDeploy's role has no way to get one).
# So where an account allows roles only with a boundary, such a template fails, and where it does not, a role escapes it.
#
# Needs Python 3.10 or newer and the package index. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "aws-sam-translator==1.115.0"
"$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
from importlib.metadata import version

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


def roles(type, **properties):
    resource = {"Type": f"AWS::Serverless::{type}", "Properties": {"PermissionsBoundary": BOUNDARY} | properties}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"X": resource}}
    made = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1")).translate(template, {})
    return {
        logical: "PermissionsBoundary" in one["Properties"]
        for logical, one in made["Resources"].items()
        if one["Type"] == "AWS::IAM::Role"
    }


function = {"Runtime": "python3.13", "Handler": "app.handler", "InlineCode": "def handler(event, context): pass"}
definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
v2 = {"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "rate(1 hour)"}}
v1 = {"Type": "Schedule", "Properties": {"Schedule": "rate(1 hour)"}}
seen = {
    "a function with a ScheduleV2 event": roles("Function", **function, Events={"V2": v2}),
    "a function with a DeploymentPreference": roles(
        "Function", **function, AutoPublishAlias="live", DeploymentPreference={"Type": "AllAtOnce"}
    ),
    "a state machine with both kinds of schedules": roles(
        "StateMachine", Definition=definition, Events={"V1": v1, "V2": v2}
    ),
}
expected = {
    "a function with a ScheduleV2 event": {"XRole": True, "XV2Role": False},
    "a function with a DeploymentPreference": {"XRole": True, "CodeDeployServiceRole": False},
    "a state machine with both kinds of schedules": {"XRole": True, "XV1Role": True, "XV2Role": False},
}
print(f"aws-sam-translator {version('aws-sam-translator')}: does the role have the boundary?")
for what, found in seen.items():
    print(f"  {what}: {found}")
sys.exit(seen != expected)
PYTHON
