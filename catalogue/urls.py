"""The site's addresses: each part brings its own, and what no one knows ends in a helpful 404."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from catalogue.observability.health import status, views
from catalogue.web import errors, login_throttle

admin.site.site_header = admin.site.site_title = settings.SITE_NAME

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("catalogue.patterns.urls")),
    path("labs/", include("catalogue.labs.views.urls")),
    path("draw/", include("catalogue.labs.pasting.urls")),
    path("runs/", include("catalogue.labs.demos.runs.urls")),
    path("newsletter/", include("catalogue.newsletter.urls")),
    path("admin/login/", login_throttle.throttled(admin.site.login)),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("admin/status/", admin.site.admin_view(status.status_page), name="status"),
    path("admin/", admin.site.urls),
]
if settings.MAILBOX:
    urlpatterns.append(path("mailbox/", include("catalogue.newsletter.mail.mailbox.urls")))
urlpatterns.append(re_path("", errors.not_found))

# What other middlewares refuse with DEBUG off; views' own refusals never come here.
handler400 = handler403 = errors.refused
handler404 = errors.not_found
handler500 = errors.server_error
