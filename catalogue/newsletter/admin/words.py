"""What the database keeps as keys, in words."""

from collections.abc import Iterable


def named(keys: Iterable[str]) -> str:
    """The names of services, by name, with commas; a key that is known no more stays as it is."""
    from catalogue.patterns.services.known import services  # reads the content's own data: not for each process to load

    known = services().by_key
    return ", ".join(sorted(known[key].name if key in known else key for key in keys))
