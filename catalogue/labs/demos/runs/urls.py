"""Addresses of shared runs; a lab's own runs stand under the lab (see `catalogue.labs.views.urls`)."""

from django.urls import URLPattern, path

from catalogue.labs.demos.runs import views
from catalogue.labs.views import urls as labs  # noqa: F401  (registers the converter)

app_name = "runs"
urlpatterns: list[URLPattern] = [
    path("<lab_id:token>", views.shared, name="shared"),
    path("<lab_id:token>.otlp.json", views.shared_otlp, name="shared_otlp"),
    path("<lab_id:token>.json", views.shared_json, name="shared_json"),
]
