"""What a pattern's template proves, found out once for as long as the template is kept."""

import weakref

from catalogue.patterns.cloudformation.arrows.prover import Proven, proven
from catalogue.patterns.cloudformation.stack.sam import NotTranslated
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.services.model import Relation, Route
from catalogue.patterns.services.registry import registry

_kept: dict[int, Proven] = {}
"""By the id of the parsed document, which a template shares with its deployed form."""


def proofs(template: Template) -> Proven:
    """All that the template proves; nothing, and the reason, if SAM refuses it."""
    key = id(template.document)
    found = _kept.get(key)
    if found is None:
        try:
            found = proven(template.document, registry())
        except NotTranslated as error:
            found = Proven(refused=str(error))
        _kept[key] = found
        weakref.finalize(template.document, _kept.pop, key, None)
    return found


def routes(template: Template) -> tuple[Route, ...]:
    """What the template's APIs answer to."""
    return proofs(template).routes


def relations(template: Template) -> tuple[Relation, ...]:
    """The relations between resources that the template defines, sorted."""
    known = template.resources
    return tuple(sorted(one for one in proofs(template).relations if one.source in known and one.target in known))
