"""Secret keys: how long they must be, and which one stays the same while they are rotated."""

from django.conf import settings

LEAST_CHARACTERS = 50
LEAST_DIFFERENT = 5
_MADE_FOR_DEVELOPMENT = "django-insecure-"
HOW_TO_MAKE = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"


def weakness(key: str) -> str:
    """Why a key is too weak for a public site, as the end of a sentence; empty if it is not.

    The rule is that of Django's check security.W009.
    """
    if key.startswith(_MADE_FOR_DEVELOPMENT):
        return f"starts with {_MADE_FOR_DEVELOPMENT}, as a key made for development does"
    if len(key) < LEAST_CHARACTERS:
        return f"has {len(key)} characters, and a public site needs {LEAST_CHARACTERS}"
    if len(set(key)) < LEAST_DIFFERENT:
        return f"has {len(set(key))} different characters, and a public site needs {LEAST_DIFFERENT}"
    return ""


def lasting_key() -> str:
    """The oldest key that is still honored. It stays the same from before a rotation until its fallback is dropped.

    For keyed hashes that are compared with stored or running ones, such as a client's digest: no limit starts again,
    and an instance with the old settings and one with the new agree, while the old key is in SECRET_KEY_FALLBACKS.
    """
    return str([settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS][-1])
