"""Addresses of the newsletter; none ends in a slash, because forms and programs post to them."""

from django.urls import path

from catalogue.newsletter import views

app_name = "newsletter"

urlpatterns = [
    path("subscribe", views.subscribe, name="subscribe"),
    path("check-mailbox", views.check_mailbox, name="check_mailbox"),
    path("confirm/<str:token>", views.confirm, name="confirm"),
    path("confirm/<str:token>/again", views.confirm_again, name="confirm_again"),
    path("unsubscribe/<str:token>", views.unsubscribe, name="unsubscribe"),
]
