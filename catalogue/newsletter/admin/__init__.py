"""The newsletter in Django's admin: an editor releases updates there; everything about people is read-only."""

from catalogue.newsletter.admin import evidence, people, updates

__all__ = ["evidence", "people", "updates"]
