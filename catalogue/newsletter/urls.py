"""Addresses of the newsletter; none but the archive's ends in a slash, because forms and programs post to them."""

from django.urls import path

from catalogue.newsletter import archive, preference_views, views
from catalogue.newsletter.feedback import views as feedback

app_name = "newsletter"

urlpatterns = [
    path("", archive.index, name="archive"),
    path("updates/<slug:pattern>/<int:revision>", archive.issue, name="issue"),
    path("subscribe", views.subscribe, name="subscribe"),
    path("check-mailbox", views.check_mailbox, name="check_mailbox"),
    path("confirm/<str:token>", views.confirm, name="confirm"),
    path("confirm/<str:token>/again", views.confirm_again, name="confirm_again"),
    path("unsubscribe/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("preferences/<str:token>", preference_views.page, name="preferences"),
    path("preferences/<str:token>/pause", preference_views.pause, name="pause"),
    path("preferences/<str:token>/address", preference_views.change_address, name="change_address"),
    path("preferences/<str:token>/data", preference_views.data, name="data"),
    path("preferences/<str:token>/erase", preference_views.erase, name="erase"),
    path("feedback/ses", feedback.ses, name="feedback_ses"),
    path("move/<str:token>", preference_views.move, name="move"),
]
