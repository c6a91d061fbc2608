"""What a pattern's template says of the settings that its sliders change."""

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.sliders import Slider
from catalogue.patterns.services.registry import registry


def own_value(pattern: Pattern, slider: Slider) -> int | None:
    """Where the slider is in a fresh lab: the template's own value, or the least traffic; None if there is none."""
    if slider.set is None:
        return slider.least
    original = registry().operations[slider.set.action].original
    resource = pattern.template.resources.get(slider.set.resource)
    found = original(resource, slider.set.name) if original is not None and resource is not None else None
    try:
        return int(str(found))
    except ValueError:
        return None
