from django.apps import AppConfig
from django.core.checks import register


class LabsConfig(AppConfig):
    name = "catalogue.labs"
    label = "labs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from catalogue.client_address import check_proxies
        from catalogue.labs.checks import check_labs

        register(check_labs, "labs")
        register(check_proxies, "labs")  # its limits count clients by their address
