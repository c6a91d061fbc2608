"""Updates in the admin: what an editor sees of one, and the pages behind its buttons.

Every process of the site loads its admin modules, and few need what reads the content: it is imported when used.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html

from catalogue.newsletter.admin.words import named
from catalogue.newsletter.mail.progress import progress
from catalogue.newsletter.models import Update

if TYPE_CHECKING:  # generic for the type checker only
    UpdatePages = admin.ModelAdmin[Update]
    SubjectBase = forms.ModelForm[Update]
else:
    UpdatePages = admin.ModelAdmin
    SubjectBase = forms.ModelForm

State = Update.State
WAITING = (State.DRAFT, State.SCHEDULED)


class SubjectForm(SubjectBase):
    def clean_subject(self) -> str:
        subject = str(self.cleaned_data["subject"])
        if not subject.isprintable():
            raise forms.ValidationError("A subject must be one line without control characters.")
        return subject


@admin.register(Update)
class UpdateAdmin(UpdatePages):
    form = SubjectForm
    list_display = (
        "subject",
        "pattern",
        "revision",
        "standing",
        "progress_bar",
        "scheduled_at",
        "released_at",
    )
    list_filter = ("state", "level")
    search_fields = ("pattern", "subject")
    list_per_page = 50
    actions = None
    fields = (
        "subject",
        ("pattern", "revision", "level"),
        "uses",
        ("created_at", "scheduled_at"),
        ("released_at", "finished_at"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a pattern's front matter makes them

    def has_delete_permission(self, request: HttpRequest, obj: Update | None = None) -> bool:
        return False  # without its row the same revision would be drafted again

    def get_readonly_fields(self, request: HttpRequest, obj: Update | None = None) -> list[str]:
        editable = obj is not None and obj.state in WAITING
        names = ["pattern", "revision", "level", "uses", "created_at", "scheduled_at", "released_at", "finished_at"]
        return names if editable else ["subject", *names]

    def save_model(self, request: HttpRequest, obj: Update, form: Any, change: bool) -> None:
        """Write the subject and no other column: the rest may have moved on since the page was opened."""
        # It loads what reads content.
        from catalogue.newsletter.mail import editing

        try:
            editing.rename(obj, obj.subject)
        except editing.Refused as error:
            messages.error(request, str(error))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        update = self.get_object(request, object_id)
        extra: dict[str, Any] = {"show_save_and_continue": False, "show_save_and_add_another": False}
        if update is not None:
            may = self.has_change_permission(request, update)
            extra |= self.situation(update) | {"may": may, "show_save": may and update.state in WAITING}
        return super().change_view(request, object_id, form_url, extra | (extra_context or {}))

    def situation(self, update: Update) -> dict[str, Any]:
        """What the page says of an update beside its fields, and which buttons make sense."""
        # It loads what reads content.
        from catalogue.newsletter.mail import updates

        superseded = updates.superseded(update)
        waiting = update.state in WAITING and not superseded
        return {
            "update": update,
            "progress": progress(update),
            "recipients": updates.audience(update).count() if waiting else None,
            "superseded": superseded,
            "can_release": waiting,
            "can_unschedule": update.state == State.SCHEDULED,
            "can_pause": update.state == State.SENDING,
            "can_resume": update.state == State.PAUSED and update.audience is not None,
            "can_cancel": update.state not in (State.SENT, State.CANCELLED),
        }

    def get_urls(self) -> list[URLPattern]:
        # It loads what reads content.
        from catalogue.newsletter.admin import actions

        def page(name: str, view: Callable[..., HttpResponse], address: str = "") -> URLPattern:
            def bound(request: HttpRequest, pk: int) -> HttpResponse:
                return view(self, request, pk)

            return path(
                f"<int:pk>/{address or name}/", self.admin_site.admin_view(bound), name=f"newsletter_update_{name}"
            )

        return [
            page("preview", actions.preview),
            page("preview_html", actions.preview_html, "preview/html"),
            page("test", actions.test),
            page("schedule", actions.schedule),
            page("unschedule", actions.unschedule),
            page("release", actions.release),
            page("pause", actions.pause),
            page("resume", actions.resume),
            page("cancel", actions.cancel),
            *super().get_urls(),
        ]

    @admin.display(description="State", ordering="state")
    def standing(self, update: Update) -> str:
        # It loads what reads content.
        from catalogue.newsletter.mail import updates

        return "superseded" if updates.superseded(update) else update.get_state_display()

    @admin.display(description="Services")
    def uses(self, update: Update) -> str:
        return named(update.services)

    @admin.display(description="Progress")
    def progress_bar(self, update: Update) -> str:
        if update.audience is None:
            return "–"
        how = progress(update)
        return format_html(
            '<progress max="100" value="{0}" aria-label="Progress">{0} %</progress> {1} of {2}',
            how.percent,
            how.done,
            how.total,
        )
