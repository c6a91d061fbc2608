"""Addresses of the newsletter; none but the archive's ends in a slash, because forms and programs post to them."""

from django.urls import path, register_converter

from catalogue.newsletter.delivery.feedback import views as feedback
from catalogue.newsletter.mail import archive
from catalogue.newsletter.views import preferences as preference_views
from catalogue.newsletter.views import subscribing as views

app_name = "newsletter"


class MailedToken:
    """A token as mail programs pass it on: some add the punctuation after a link, or a slash, to its address."""

    regex = "[^/]+/?"

    def to_python(self, value: str) -> str:
        return value.rstrip("/.,;:!?>)]'\"")

    def to_url(self, value: str) -> str:
        return value


register_converter(MailedToken, "mailed")

urlpatterns = [
    path("", archive.index, name="archive"),
    path("updates/<slug:pattern>/<int:revision>", archive.issue, name="issue"),
    path("subscribe", views.subscribe, name="subscribe"),
    path("check-mailbox", views.check_mailbox, name="check_mailbox"),
    path("confirm/<mailed:token>", views.confirm, name="confirm"),
    path("confirm/<str:token>/again", views.confirm_again, name="confirm_again"),
    path("unsubscribe/<mailed:token>", views.unsubscribe, name="unsubscribe"),
    path("preferences/<mailed:token>", preference_views.page, name="preferences"),
    path("preferences/<str:token>/pause", preference_views.pause, name="pause"),
    path("preferences/<str:token>/address", preference_views.change_address, name="change_address"),
    path("preferences/<str:token>/data", preference_views.data, name="data"),
    path("preferences/<str:token>/erase", preference_views.erase, name="erase"),
    path("feedback/ses", feedback.ses, name="feedback_ses"),
    path("move/<mailed:token>", preference_views.move, name="move"),
]
