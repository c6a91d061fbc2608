#!/usr/bin/env bash
# AWS SAM CLI: with `--template-file sub/template.yaml`, the samconfig.toml of the current folder is not read.
#
# Seen with aws-sam-cli 1.170.0: the configuration file is looked for in the template's folder. A relative `--config-file`
# starts there too, and when nothing is there, no error says so: the command runs without its settings. So a second
# template of a project (`sam deploy --template-file .aws-sam/other/template.yaml`) is deployed without the region, the
# bucket and the capabilities that samconfig.toml names. `--config-file "$PWD/samconfig.toml"` gets them.
#
# The setting here is `build_dir`, so nothing is sent. Needs Python 3.10 or newer and the package index (some 330 MB).
# Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "aws-sam-cli==1.170.0"
export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 PATH="$folder/venv/bin:$PATH"
mkdir -p "$folder/project/sub" && cd "$folder/project"
printf 'version = 0.1\n[default.build.parameters]\nbuild_dir = "from-config"\n' > samconfig.toml
cat > template.yaml <<'YAML'
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue:
    Type: AWS::SQS::Queue
YAML
cp template.yaml sub/

changed=0
try() { # expected, and the options of `sam build`
  local expected=$1; shift
  rm -rf .aws-sam from-config
  sam build "$@" > log 2>&1 || { cat log; exit 1; }
  local seen="ignored"; [ -d from-config ] && seen="read"
  printf '%-8s sam build %s\n' "$seen" "${*/$PWD/\$PWD}"
  [ "$seen" = "$expected" ] || changed=1
}
sam --version
try read
try ignored --template-file sub/template.yaml
try ignored --template-file sub/template.yaml --config-file samconfig.toml
try read --template-file sub/template.yaml --config-file "$PWD/samconfig.toml"
exit $changed
