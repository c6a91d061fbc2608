from django import template

from catalogue.newsletter.subscribers import consent

register = template.Library()


@register.simple_tag
def consent_wording() -> str:
    """The sentence that a subscriber agrees to."""
    return consent.WORDINGS[consent.CURRENT]


@register.simple_tag
def consent_version() -> int:
    """The version of that sentence, recorded with the consent."""
    return consent.CURRENT
