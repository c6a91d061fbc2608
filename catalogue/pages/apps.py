from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "catalogue.pages"
    label = "pages"
