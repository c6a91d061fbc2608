"""Validates a YAML document against a closed pydantic model; each mistake gets its line and a remedy."""

import difflib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.yaml_lines import Document, read_yaml


def validate[M: BaseModel](
    model: type[M], document: Document, *, id: str = "patterns.E003"
) -> tuple[M | None, list[ContentError]]:
    """The model's instance, or None with every mistake of the document."""
    if not isinstance(document.value, Mapping):
        error = ContentError(
            document.path,
            document.line(),
            "The file has no keys and values." if document.value is None else "This is not a mapping.",
            f"Write it as `key: value` lines; the keys are {_names(model.model_fields)}.",
            id=id,
        )
        return None, [error]
    try:
        return model.model_validate(document.value), []
    except ValidationError as error:
        details = error.errors()
        return None, [_mistake(model, document, detail, id) for detail in details if not _follows(detail, details)]


def read_validated[M: BaseModel](model: type[M], path: Path, *, id: str) -> M:
    """Read one of the site's own YAML files. Raises ContentError with its first mistake."""
    value, errors = validate(model, read_yaml(path, path.read_text("utf-8")), id=id)
    if value is None:
        raise errors[0]
    return value


def _follows(detail: ErrorDetails, others: list[ErrorDetails]) -> bool:
    """Whether a list is too short only because some of its items are wrong, which is told of already."""
    location = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(location)] == location and len(other["loc"]) > len(location) for other in others
    )


def _mistake(model: type[BaseModel], document: Document, detail: ErrorDetails, id: str) -> ContentError:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    what, remedy = _in_words(model, detail, location)
    return ContentError(document.path, document.line(*location), what, remedy, id=id)


def _in_words(model: type[BaseModel], detail: ErrorDetails, location: tuple[str | int, ...]) -> tuple[str, str]:
    """What is wrong, and the remedy."""
    place = _path(location)
    match detail["type"]:
        case "extra_forbidden":
            known = _keys_at(model, location[:-1])
            close = difflib.get_close_matches(str(location[-1]), known, n=1)
            guess = f"Did you mean `{close[0]}`? " if close else ""
            return f"`{place}` is not a known key.", f"{guess}The keys here are {_names(known)}."
        case "missing":
            return f"`{place}` is missing.", f"Add `{location[-1]}:` here. {_doc(model, location)}".rstrip()
        case "literal_error":
            expected = detail.get("ctx", {}).get("expected", "")
            given = detail["input"] if isinstance(detail["input"], str) else ""
            close = difflib.get_close_matches(given, _words(str(expected)), n=1)
            guess = f"Did you mean `{close[0]}`? " if close else ""
            return f"`{place}` is {_shown(detail['input'])}.", f"{guess}It must be {expected}."
        case "string_pattern_mismatch":
            pattern = detail.get("ctx", {}).get("pattern", "")
            return f"`{place}` is {_shown(detail['input'])}.", f"It must match `{pattern}`{_hint(pattern)}."
        case "string_too_long" | "string_too_short":
            length = len(str(detail["input"]).strip())
            return f"`{place}` has {length} characters.", f"{detail['msg'].replace('String', 'It')}."
        case "too_short" | "too_long":
            limit = detail.get("ctx", {})
            few = detail["type"] == "too_short"
            needed = f"at least {limit.get('min_length')}" if few else f"at most {limit.get('max_length')}"
            return f"`{place}` has {limit.get('actual_length')} entries.", f"Give it {needed}."
        case "value_error":
            said = str(detail.get("ctx", {}).get("error", detail["msg"]))
            return f"`{place}` does not fit together." if place else "The values do not fit together.", (
                f"{said[:1].upper()}{said[1:]}."
            )
        case _:
            return f"`{place}` is {_shown(detail['input'])}.", f"{detail['msg']}."


def _hint(pattern: str) -> str:
    if pattern.startswith("^[A-Za-z0-9]"):
        return ": letters and digits only, as logical ids are written"
    if pattern.startswith("^[a-z0-9]"):
        return ": lower-case words joined by hyphens"
    return ""


def _path(location: tuple[str | int, ...]) -> str:
    """`related[0].how`, as people write it."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    text = repr(value)
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}…`"


def _words(expected: str) -> list[str]:
    return [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]


def _names(keys: Iterator[str] | Mapping[str, Any] | list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys, as written in the file, of the model that describes this part of the document."""
    described: Any = model
    for part in location:
        described = _inside(described, part)
    if isinstance(described, type) and issubclass(described, BaseModel):
        return [field.alias or name for name, field in described.model_fields.items()]
    return []


def _inside(described: Any, part: str | int) -> Any:
    if isinstance(described, type) and issubclass(described, BaseModel):
        for name, field in described.model_fields.items():
            if part in {name, field.alias}:
                return _bare(field.annotation)
        return None
    arguments = get_args(described)
    return _bare(arguments[-1] if get_origin(described) is dict else arguments[0]) if arguments else None


def _bare(annotation: Any) -> Any:
    """An annotation without its Optional and Annotated wrappers."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return _bare(next(argument for argument in get_args(annotation) if argument is not type(None)))
    if hasattr(annotation, "__metadata__"):
        return _bare(annotation.__origin__)
    return annotation


def _doc(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """The field's own docstring, where the model was told to keep it."""
    described: Any = model
    for part in location[:-1]:
        described = _inside(described, part)
    if isinstance(described, type) and issubclass(described, BaseModel):
        field = described.model_fields.get(str(location[-1]))
        if field is not None and field.description:
            return field.description
    return ""
