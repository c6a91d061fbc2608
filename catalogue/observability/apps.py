from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "catalogue.observability"
    label = "observability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They load settings and models, which are complete by now.
        from catalogue.observability import checks  # noqa: F401  (importing registers the checks)
        from catalogue.observability.exporters import sentry

        sentry.start()
