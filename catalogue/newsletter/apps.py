from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    name = "catalogue.newsletter"
    label = "newsletter"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalogue.newsletter.delivery import checks  # noqa: F401  (importing registers them)
