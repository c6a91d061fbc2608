#!/usr/bin/env bash
# AWS SAM: a function that chooses its Environment by `!If` silently gets no variable of `Globals`.
#
# Seen with aws-sam-translator 1.115.0, the library behind CloudFormation's Serverless transform. Maps of Globals and of a
# function are merged, and lists are added up. Where either of the two is an intrinsic function, the function's own value
# stands alone: no error, no warning, and the function runs without TABLE. With the `!If` around single values inside
# Variables, the merge works. Lists add up with one exception: Architectures are replaced, VpcConfig's SubnetIds are not,
# so a function cannot move to other subnets than those of Globals, only to more.
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

CODE = {"Runtime": "python3.13", "Handler": "app.handler", "CodeUri": "s3://bucket/key"}


def made(name, in_globals, own):
    """The property of the function that SAM makes of the two values."""
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {"Live": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
        "Globals": {"Function": {name: in_globals}},
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {**CODE, name: own}}},
    }
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    return translator.translate(template, {"Stage": "live"})["Resources"]["F"]["Properties"][name]


table = {"Variables": {"TABLE": "orders"}}
whole_if = {"Fn::If": ["Live", {"Variables": {"LOG": "WARN"}}, {"Variables": {"LOG": "DEBUG"}}]}
inner_if = {"Variables": {"LOG": {"Fn::If": ["Live", "WARN", "DEBUG"]}}}
found = {
    "Environment, a map in both": made("Environment", table, {"Variables": {"LOG": "WARN"}}),
    "Environment, the function's is an !If": made("Environment", table, whole_if),
    "Environment, an !If inside": made("Environment", table, inner_if),
    "VpcConfig": made("VpcConfig", {"SubnetIds": ["subnet-a"]}, {"SubnetIds": ["subnet-b"]}),
    "Architectures": made("Architectures", ["arm64"], ["x86_64"]),
}
expected = [
    {"Variables": {"TABLE": "orders", "LOG": "WARN"}},
    whole_if,
    {"Variables": {"TABLE": "orders", **inner_if["Variables"]}},
    {"SubnetIds": ["subnet-a", "subnet-b"]},
    ["x86_64"],
]
print(f"aws-sam-translator {version('aws-sam-translator')}: what Globals and a function's own value become")
for what, value in found.items():
    print(f"  {what}: {value}")
sys.exit(list(found.values()) != expected)
PYTHON
