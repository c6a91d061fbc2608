"""Subscribers and their mails. Nothing is edited here: people change their own state."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import Truncator

from catalogue.newsletter.admin.readonly import ReadOnly
from catalogue.newsletter.admin.words import named
from catalogue.newsletter.models import ConsentRecord, Delivery, Level, Subscriber
from catalogue.newsletter.subscribers import consent

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
    fields = (
        ("address", "key"),
        ("state", "epoch", "ref"),
        ("created_at", "confirmed_at", "unsubscribed_at"),
        ("levels_wanted", "topics_wanted", "revisions"),
        "paused_until",
        ("new_address", "new_key"),
        ("asks", "next_ask_at", "soft_bounces"),
    )

    @admin.display(description="Levels")
    def levels_wanted(self, person: Subscriber) -> str:
        return ", ".join(level.label for level in Level if person.levels & level)

    @admin.display(description="Topics")
    def topics_wanted(self, person: Subscriber) -> str:
        return named(topic.service for topic in person.topics.all()) or "all"

    def get_readonly_fields(self, request: HttpRequest, obj: Subscriber | None = None) -> tuple[str, ...]:
        return ("levels_wanted", "topics_wanted", "ref")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, DeliveryPages):
    """An update's page leads here for the outcome per recipient."""

    list_display = ("subscriber", "mail", "state", "attempts", "moment", "said")
    list_filter = ("state", "kind", "update_sent")
    list_select_related = ("subscriber", "update_sent")
    list_per_page = 100
    search_fields = ("subscriber__key", "provider_id")

    @admin.display(description="Mail", ordering="update_sent")
    def mail(self, row: Delivery) -> str:
        return row.update_sent.subject if row.update_sent else row.get_kind_display()

    @admin.display(description="Finished or due", ordering="finished_at")
    def moment(self, row: Delivery) -> str:
        return f"{row.finished_at:%Y-%m-%d %H:%M}" if row.finished_at else f"due {row.due_at:%Y-%m-%d %H:%M}"

    @admin.display(description="Last answer")
    def said(self, row: Delivery) -> str:
        """Its beginning: the mail's own page has all of it."""
        return Truncator(row.error).chars(120)
