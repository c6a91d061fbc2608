"""Addresses of everything that reads content: pages, and files (feeds, JSON, downloads) in a views module each."""

from django.urls import path

from catalogue.patterns.views import choosing, exports, ledgers, listing, outputs, pages, recorded, schemas

app_name = "patterns"

urlpatterns = [
    path("", pages.home, name="home"),
    path("patterns/", pages.pattern_list, name="list"),
    path("search/", pages.search, name="search"),
    path("guide/", choosing.guide, name="guide"),
    path("map/", choosing.pattern_map, name="map"),
    path("compare/", choosing.compare, name="compare"),
    path("about/", pages.about, name="about"),
    path("fidelity/", ledgers.fidelity, name="fidelity"),
    path("patterns.json", listing.patterns_json, name="patterns_json"),
    path("openapi.json", outputs.openapi, name="openapi"),
    path("schemas/", schemas.schemas, name="schemas"),
    path("schemas/<slug:name>.json", schemas.schema, name="schema"),
    path("feed.atom", outputs.feed, name="feed"),
    path("sitemap.xml", outputs.sitemap, name="sitemap"),
    path("robots.txt", outputs.robots, name="robots"),
    path("favicon.ico", outputs.favicon, name="favicon"),
    path("llms.txt", outputs.llms, name="llms"),
    path("patterns/<slug:slug>.md", outputs.markdown, name="markdown"),
    path("patterns/<slug:slug>.json", outputs.pattern_json, name="pattern_json"),
    path("patterns/<slug:slug>/", pages.detail, name="detail"),
    path("patterns/<slug:slug>/recorded/", recorded.recorded, name="recorded"),
    path("patterns/<slug:slug>/recorded.json", recorded.recorded_json, name="recorded_json"),
    path("patterns/<slug:slug>/ledger/", ledgers.ledger, name="ledger"),
    path("patterns/<slug:slug>/ledger.json", ledgers.ledger_json, name="ledger_json"),
    path("patterns/<slug:slug>/project.zip", outputs.project, name="project"),
    path("patterns/<slug:slug>/diagram.svg", outputs.diagram, name="diagram"),
    path("patterns/<slug:slug>/diagram.mmd", exports.diagram_mermaid, name="diagram_mermaid"),
    path("patterns/<slug:slug>/diagram.drawio", exports.diagram_drawio, name="diagram_drawio"),
    path("patterns/<slug:slug>/block.md", exports.markdown_block, name="block"),
    path("patterns/<slug:slug>/recorded.otlp.json", exports.recorded_otlp, name="recorded_otlp"),
    path("patterns/<slug:slug>/share.png", outputs.share, name="share"),
    path("patterns/<slug:slug>/diagram.png", outputs.diagram_png, name="diagram_png"),
    path("patterns/<slug:slug>/source/<path:path>", pages.source, name="source"),
    path("patterns/<slug:slug>/raw/<path:path>", pages.raw, name="raw"),
]
