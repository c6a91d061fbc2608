"""The description of the site's interfaces for programs: OpenAPI 3.1, schemas from the models that answer."""

import json
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from catalogue.patterns.content.fidelity.ledgers import LedgerDocument
from catalogue.patterns.costs.documents import LabBill
from catalogue.patterns.documents.models import PatternDocument, PatternList
from catalogue.patterns.documents.openapi.board_paths import board_paths
from catalogue.patterns.documents.openapi.comparison_documents import ComparisonState, CreatedComparison
from catalogue.patterns.documents.openapi.drawn_documents import DrawnTemplate, PastedTemplate
from catalogue.patterns.documents.openapi.drawn_paths import drawn_paths
from catalogue.patterns.documents.openapi.event_documents import EVENTS, LabHappened, event_schemas
from catalogue.patterns.documents.openapi.export_paths import export_paths
from catalogue.patterns.documents.openapi.lab_documents import (
    Challenge,
    Challenges,
    CreatedLab,
    KeepRun,
    Lab,
    LabInside,
    LeverOutcome,
    Levers,
    LeversReset,
    MovedSlider,
    MoveLever,
    MoveSlider,
    NewLab,
    OwnLabs,
    Problem,
    ResetLevers,
    RunKept,
    SharedRun,
    Sliders,
    StepResult,
    TakenSteps,
    TakeStep,
    TryChallenge,
)
from catalogue.patterns.documents.openapi.list_paths import list_paths
from catalogue.patterns.documents.openapi.paths import comparison_paths, lab_paths, pattern_paths, ref
from catalogue.patterns.runs.document import Run

type Json = dict[str, Any]


def openapi_text(site_url: str) -> str:
    return json.dumps(openapi(site_url), ensure_ascii=False, indent=2) + "\n"


def openapi(site_url: str) -> Json:
    """The whole document. Source: https://spec.openapis.org/oas/v3.1.1.html"""
    models: list[type[BaseModel]] = [
        PatternList,
        PatternDocument,
        LedgerDocument,
        NewLab,
        Lab,
        CreatedLab,
        OwnLabs,
        LabBill,
        LabInside,
        LabHappened,
        TakeStep,
        StepResult,
        TakenSteps,
        Levers,
        MoveLever,
        LeverOutcome,
        Challenge,
        Challenges,
        TryChallenge,
        Sliders,
        MoveSlider,
        MovedSlider,
        ResetLevers,
        LeversReset,
        KeepRun,
        RunKept,
        SharedRun,
        ComparisonState,
        CreatedComparison,
        PastedTemplate,
        DrawnTemplate,
        Problem,
        *EVENTS.values(),
    ]
    answered: Literal["serialization"] = "serialization"
    _, schemas = models_json_schema(
        [(model, answered) for model in models], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Serverless Patterns",
            "version": "1",
            "summary": "Serverless patterns as data, and labs to run them.",
            "description": "Reading needs no account and no key. A lab belongs to the browser or the token "
            "that created it. Every error is a problem document (RFC 9457).",
            "contact": {"name": "Serverless Patterns", "url": f"{site_url}/about/"},
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": site_url}],
        "security": [],
        "tags": [
            {"name": "patterns", "description": "The content of the catalogue."},
            {"name": "labs", "description": "Your own copy of a pattern, deployed for a limited time."},
        ],
        "paths": list_paths()
        | pattern_paths()
        | export_paths()
        | lab_paths()
        | board_paths()
        | comparison_paths()
        | drawn_paths(),
        "components": {
            "schemas": schemas["$defs"] | _run_schemas() | event_schemas(),
            "responses": {
                "Problem": {
                    "description": "An error with its reason.",
                    "content": {"application/problem+json": {"schema": ref("Problem")}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The `token` of POST /labs/."},
                "owner": {"type": "apiKey", "in": "cookie", "name": "labs_owner"},
            },
        },
    }


def _run_schemas() -> Json:
    """The run document under `Run`. Its parts carry its name, because other schemas have names like theirs."""
    whole = Run.model_json_schema(mode="serialization", ref_template="#/components/schemas/Run{model}")
    parts = whole.pop("$defs")
    for part in parts.values():  # a run's events say their kind, although the models have it as a default
        if "const" in part["properties"].get("kind", {}):
            part["required"] = ["kind", *part["required"]]
    return {"Run": whole} | {f"Run{name}": part for name, part in parts.items()}
