"""The labs' addresses; `/live/…` goes to the edge before Django sees it (see `catalogue.asgi`)."""

from django.urls import URLPattern

app_name = "labs"
urlpatterns: list[URLPattern] = []
