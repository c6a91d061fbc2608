from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register


class LabsConfig(AppConfig):
    name = "catalogue.labs"
    label = "labs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These load models, which Django can only do once all apps are there.
        from catalogue.base.backends.checks import TAG, check_cache, check_database
        from catalogue.labs.aws.checks import check_aws_deploy
        from catalogue.labs.lifecycle.checks import check_labs
        from catalogue.processes import kernel as processes
        from catalogue.web.client_address import check_proxies

        if not settings.DEBUG:
            processes.keep_private()  # from handlers, where the emulator could not be shut in
        register(check_labs, "labs")
        register(check_aws_deploy, "labs", deploy=True)
        register(check_proxies, "labs")  # its limits count clients by their address
        register(check_database, Tags.database)
        register(check_cache, TAG)
