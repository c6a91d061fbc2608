"""The labs' addresses; `/live/…` goes to the edge before Django sees it (see `catalogue.asgi`)."""

from django.urls import URLPattern, URLResolver, include, path, register_converter

from catalogue.labs.demos.runs import views as runs
from catalogue.labs.views import begin, happened, mine
from catalogue.labs.views import inside as inside_views
from catalogue.labs.views import labs as views
from catalogue.labs.views import levers as lever_views
from catalogue.labs.views.boards import bills as bill_views
from catalogue.labs.views.boards import challenges as challenge_views
from catalogue.labs.views.boards import opening
from catalogue.labs.views.boards import sliders as slider_views


class LabId:
    regex = r"[A-Za-z0-9_-]{16,32}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(LabId, "lab_id")

app_name = "labs"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", mine.labs, name="create"),
    path("begin", begin.begin, name="begin"),
    path("opening/<lab_id:key>", opening.opening, name="opening"),
    path("comparisons/", include("catalogue.labs.demos.comparisons.urls")),
    path("<lab_id:lab_id>", views.detail, name="detail"),
    path("<lab_id:lab_id>/bill", bill_views.bill, name="bill"),
    path("<lab_id:lab_id>/events", views.events, name="events"),
    path("<lab_id:lab_id>/events.json", happened.happened, name="happened"),
    path("<lab_id:lab_id>/steps", views.steps, name="steps"),
    path("<lab_id:lab_id>/steps/<slug:step_id>", views.step, name="step"),
    path("<lab_id:lab_id>/inside/<slug:resource>", inside_views.inside, name="inside"),
    path("<lab_id:lab_id>/levers", lever_views.levers, name="levers"),
    path("<lab_id:lab_id>/levers/<slug:lever_id>", lever_views.move, name="lever"),
    path("<lab_id:lab_id>/challenges", challenge_views.board, name="challenges"),
    path("<lab_id:lab_id>/challenges/<slug:challenge_id>", challenge_views.act, name="challenge"),
    path("<lab_id:lab_id>/sliders", slider_views.board, name="sliders"),
    path("<lab_id:lab_id>/sliders/<slug:slider_id>", slider_views.move, name="slider"),
    path("<lab_id:lab_id>/runs", runs.keep, name="runs"),
    path("<lab_id:lab_id>/runs/<lab_id:run_id>", runs.kept, name="run"),
    path("<lab_id:lab_id>/runs/<lab_id:run_id>.json", runs.kept_json, name="run_json"),
    path("<lab_id:lab_id>/runs/<lab_id:run_id>.otlp.json", runs.kept_otlp, name="run_otlp"),
    path("<lab_id:lab_id>/runs/<lab_id:run_id>/share", runs.share, name="share_run"),
    path("<lab_id:lab_id>/extend", views.extend, name="extend"),
    path("<lab_id:lab_id>/use", views.use, name="use"),
    path("<lab_id:lab_id>/delete", views.delete, name="delete"),
]
