"""Addresses of comparisons, below /labs/comparisons/."""

from django.urls import URLPattern, path

from catalogue.labs.demos.comparisons import views

app_name = "comparisons"
urlpatterns: list[URLPattern] = [
    path("", views.create, name="create"),
    path("<lab_id:comparison_id>", views.detail, name="detail"),
    path("<lab_id:comparison_id>/run", views.run, name="run"),
    path("<lab_id:comparison_id>/delete", views.delete, name="delete"),
]
