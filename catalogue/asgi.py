"""The doors of the site: the labs' endpoints go to a lean proxy, everything else to Django."""

import os
from typing import cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.core.asgi import get_asgi_application

django_app = cast("ASGI3Application", get_asgi_application())

from catalogue.labs.edge import edge  # noqa: E402  (models may only be imported once Django is set up)


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"].startswith("/live/")):
        await edge(scope, receive, send)
    else:
        await django_app(scope, receive, send)
