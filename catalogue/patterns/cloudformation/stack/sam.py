"""What SAM makes of a template: the same resources as CloudFormation sees them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

REGION = "us-east-1"
_ARTIFACT = "s3://artifacts/code.zip"
"""Stands for local code, which SAM's transform takes only from S3."""


class NotTranslated(Exception):
    """SAM refuses the template; the message is its own."""


def translated(
    document: Mapping[str, Any], given: Mapping[str, Any] | None = None, *, deployable: bool = False
) -> dict[str, Any]:
    """The template without SAM's types. Local code counts as uploaded; parameters have the `given` values or their
    defaults. In a `deployable` one, AWS's own policies have their ARNs instead of the names that SAM takes.

    Raises NotTranslated.
    """
    # Importing the translator takes half a second, and a site whose templates are all proven never needs it.
    from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
    from samtranslator.parser.parser import Parser
    from samtranslator.public.exceptions import InvalidDocumentException
    from samtranslator.translator.translator import Translator

    session = _prepared()
    sam = _as_uploaded(copy.deepcopy(dict(document)))
    defaults = {
        name: parameter["Default"]
        for name, parameter in (sam.get("Parameters") or {}).items()
        if isinstance(parameter, Mapping) and "Default" in parameter
    }
    names = get_bundled_managed_policy_map("aws") or {} if deployable else {}
    translator = Translator(names, Parser(), boto_session=session)
    try:
        made: dict[str, Any] = translator.translate(sam, {**defaults, **(given or {})})
    except InvalidDocumentException as error:
        raise NotTranslated("; ".join(str(cause.message) for cause in error.causes)) from error
    return made


@cache
def _prepared() -> boto3.Session:
    """The session that every translation uses, made once, as SAM's policy templates are.

    The translator reads and validates its own policy templates for every template: three quarters of its time.
    """
    import boto3
    from samtranslator.translator import translator

    for name in ("samtranslator.metrics.metrics", "samtranslator.feature_toggle.feature_toggle"):
        logging.getLogger(name).setLevel(logging.ERROR)  # it counts its own calls, and warns where nothing fetches them
    translator.make_policy_template_for_function_plugin = cache(translator.make_policy_template_for_function_plugin)
    return boto3.Session(region_name=REGION)


def _as_uploaded(document: dict[str, Any]) -> dict[str, Any]:
    shared = (document.get("Globals") or {}).get("Function") or {}
    if isinstance(shared.get("CodeUri"), str):
        shared["CodeUri"] = _ARTIFACT
    for properties in _serverless(document):
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if isinstance(properties.get(name), str):
                properties[name] = _ARTIFACT
    return document


def _serverless(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The properties of each resource of SAM's types."""
    for resource in document["Resources"].values():
        properties = resource.get("Properties") if isinstance(resource, Mapping) else None
        if isinstance(properties, dict) and str(resource.get("Type")).startswith("AWS::Serverless::"):
            yield properties


def built(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as if its code were built: functions have code or an image, and inline code has no folder beside
    it."""
    made = copy.deepcopy(dict(document))
    shared = (made.get("Globals") or {}).get("Function") or {}
    inline = any("InlineCode" in properties for properties in _serverless(made))
    folder = shared.pop("CodeUri", None) if inline else None
    for resource in made["Resources"].values():
        if not isinstance(resource, dict) or resource.get("Type") != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"] = resource.get("Properties") or {}
        if not isinstance(properties, dict):
            continue
        if (properties.get("PackageType") or shared.get("PackageType")) == "Image":
            if ".dkr.ecr." not in str(properties.get("ImageUri")):  # none yet, or one that `sam build` makes
                properties["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:latest"
        elif "InlineCode" in properties:
            properties.pop("CodeUri", None)
        else:
            properties.setdefault("CodeUri", folder or shared.get("CodeUri") or _ARTIFACT)
    return made
