"""The tables of a command's own database. Needs Django."""

from django.apps import apps
from django.db import connection


def make_tables() -> None:
    """All tables as the models have them now, in an empty database; those between two models come with the first.

    `migrate` goes through every state that they ever had, which takes half a second.
    """
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)
