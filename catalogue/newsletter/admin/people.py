"""Subscribers and their mails. Nothing is edited here: people change their own state."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from catalogue.newsletter import consent
from catalogue.newsletter.admin.readonly import ReadOnly
from catalogue.newsletter.models import ConsentRecord, Delivery, Subscriber

if TYPE_CHECKING:  # generic for the type checker only
    ConsentTable = admin.TabularInline[ConsentRecord, Subscriber]
    DeliveryTable = admin.TabularInline[Delivery, Subscriber]
    SubscriberPages = admin.ModelAdmin[Subscriber]
    DeliveryPages = admin.ModelAdmin[Delivery]
else:
    ConsentTable = DeliveryTable = admin.TabularInline
    SubscriberPages = DeliveryPages = admin.ModelAdmin


class ConsentInline(ReadOnly, ConsentTable):
    model = ConsentRecord
    fields = ("event", "at", "address", "form", "page", "words")

    @admin.display(description="Wording")
    def words(self, row: ConsentRecord) -> str:
        return f"{row.wording}: {consent.WORDINGS.get(row.wording, 'unknown')}"

    def get_readonly_fields(self, request: HttpRequest, obj: Subscriber | None = None) -> tuple[str, ...]:
        return ("words",)


class DeliveryInline(ReadOnly, DeliveryTable):
    model = Delivery
    fields = ("kind", "update_sent", "state", "attempts", "due_at", "finished_at", "error")


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnly, SubscriberPages):
    list_display = ("address", "state", "created_at", "confirmed_at", "unsubscribed_at")
    list_filter = ("state",)
    search_fields = ("key",)
    date_hierarchy = "created_at"
    inlines = (ConsentInline, DeliveryInline)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, DeliveryPages):
    """An update's page leads here for the outcome per recipient."""

    list_display = ("subscriber", "kind", "update_sent", "state", "attempts", "due_at", "finished_at", "error")
    list_filter = ("state", "kind", "update_sent")
    list_select_related = ("subscriber", "update_sent")
    list_per_page = 100
    search_fields = ("subscriber__key", "provider_id")
