from django.urls import path, register_converter
from django.urls.converters import IntConverter

from catalogue.newsletter.mail.mailbox import views


class RowId(IntConverter):
    """A number that fits a row's id; a longer one is no address of ours."""

    regex = "[0-9]{1,18}"


register_converter(RowId, "rowid")

app_name = "mailbox"

urlpatterns = [
    path("", views.message_list, name="list"),
    path("<rowid:pk>", views.message, name="message"),
    path("<rowid:pk>/html", views.message_html, name="html"),
]
