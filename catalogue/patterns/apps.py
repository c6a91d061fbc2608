from django.apps import AppConfig
from django.core.checks import register


class PatternsConfig(AppConfig):
    name = "catalogue.patterns"
    label = "patterns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalogue import errors
        from catalogue.patterns.checks import check_content
        from catalogue.patterns.suggestions import near

        register(check_content, "content")
        errors.suggest_with(near)
