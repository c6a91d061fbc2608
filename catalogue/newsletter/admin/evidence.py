"""Suppressed addresses and what Amazon SES has told, to be read only."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalogue.newsletter.admin.readonly import ReadOnly
from catalogue.newsletter.models import Feedback, Suppression
from catalogue.newsletter.subscribers import addresses
from catalogue.newsletter.subscribers.suppression import addresses as suppression

if TYPE_CHECKING:  # generic for the type checker only
    SuppressionPages = admin.ModelAdmin[Suppression]
    FeedbackPages = admin.ModelAdmin[Feedback]
else:
    SuppressionPages = FeedbackPages = admin.ModelAdmin


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, SuppressionPages):
    """No address stands here, only its keyed hash: an address that is typed into the search is hashed and found."""

    list_display = ("fingerprint", "reason", "detail", "at")
    list_filter = ("reason",)
    search_fields = ("key_hash",)
    search_help_text = "A whole e-mail address, or the beginning of a fingerprint."
    date_hierarchy = "at"

    @admin.display(ordering="key_hash")
    def fingerprint(self, row: Suppression) -> str:
        return row.key_hash[:12]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        try:
            key = addresses.parse(search_term).key
        except addresses.BadAddress:
            return queryset.filter(key_hash__startswith=search_term.strip().lower()), False
        return queryset.filter(key_hash__in=suppression.hashes(key)), False


@admin.register(Feedback)
class FeedbackAdmin(ReadOnly, FeedbackPages):
    list_display = ("message_id", "kind", "at")
    list_filter = ("kind",)
    search_fields = ("message_id",)
    ordering = ("-at", "-pk")
