"""The admin reads the newsletter's tables. Nothing is edited here: people change their own state."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber

if TYPE_CHECKING:  # generic for the type checker only
    ConsentTable = admin.TabularInline[ConsentRecord, Subscriber]
    DeliveryTable = admin.TabularInline[Delivery, Subscriber]
    SubscriberPages = admin.ModelAdmin[Subscriber]
    DeliveryPages = admin.ModelAdmin[Delivery]
else:
    ConsentTable = DeliveryTable = admin.TabularInline
    SubscriberPages = DeliveryPages = admin.ModelAdmin


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ConsentInline(ReadOnly, ConsentTable):
    model = ConsentRecord
    fields = ("event", "at", "form", "page", "wording")


class DeliveryInline(ReadOnly, DeliveryTable):
    model = Delivery
    fields = ("kind", "state", "attempts", "due_at", "finished_at", "error")


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnly, SubscriberPages):
    list_display = ("address", "state", "created_at", "confirmed_at", "unsubscribed_at")
    list_filter = ("state",)
    search_fields = ("key",)
    date_hierarchy = "created_at"
    inlines = (ConsentInline, DeliveryInline)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, DeliveryPages):
    list_display = ("__str__", "subscriber", "kind", "state", "attempts", "due_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("subscriber",)
    search_fields = ("subscriber__key",)
