"""The address of the form for a pasted template."""

from django.urls import path

from catalogue.labs.pasting import views

app_name = "pasting"

urlpatterns = [path("", views.draw, name="draw")]
