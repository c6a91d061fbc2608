"""The exported diagrams, opened by the libraries of their readers: Mermaid, and mxGraph, on which draw.io is built."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.exports.block import block
from catalogue.patterns.documents.exports.drawio import drawio
from catalogue.patterns.documents.exports.mermaid import mermaid
from tests.web.standards import tools

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

READ_MERMAID = """async text => {
  mermaid.initialize({ startOnLoad: false });
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const svg = (await mermaid.render("drawn", text)).svg;
  const plain = label => {
    const element = document.createElement("p");
    element.innerHTML = label.replace(/#(\\w+);/g, "&$1;").replace(/&(\\d+);/g, "&#$1;");
    return element.textContent;
  };
  const vertices = db.getVertices();
  return {
    title: db.getDiagramTitle(),
    boxes: Object.fromEntries([...vertices.entries()].map(([id, vertex]) => [id, vertex.type ?? ""])),
    edges: db.getEdges().map(edge => [edge.start, edge.end, edge.stroke]),
    labels: db.getEdges().map(edge => plain(edge.text)),
    drawn: svg.includes("<svg"),
  };
}"""
READ_DRAWIO = """text => {
  const file = mxUtils.parseXml(text);
  const model = new mxGraphModel();
  new mxCodec(file).decode(file.querySelector("mxGraphModel"), model);
  const cells = Object.values(model.cells);
  return {
    boxes: Object.fromEntries(cells.filter(cell => cell.vertex).map(cell => [
      cell.id, [cell.geometry.x, cell.geometry.y, cell.geometry.width, cell.geometry.height],
    ])),
    edges: cells.filter(cell => cell.edge).map(cell => [
      cell.source.id, cell.target.id, cell.style.includes("dashed=1") ? "async" : "sync",
    ]),
  };
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(60_000)
    yield page
    page.close()


def edges_of(pattern: Pattern) -> list[tuple[str, str, str]]:
    return sorted((edge.source, edge.target, edge.kind) for edge in pattern.diagram.edges)


def test_mermaid_reads_every_diagram_with_the_same_boxes_and_arrows(page: Page) -> None:
    page.add_script_tag(path=tools.file_of("mermaid", "dist/mermaid.min.js"))
    for pattern in library().patterns():
        read: Any = page.evaluate(READ_MERMAID, mermaid(pattern))
        assert read["title"] == pattern.title
        assert read["drawn"]
        actors = {node.id for node in pattern.diagram.nodes if node.actor}
        found = {id.removesuffix("_"): kind for id, kind in read["boxes"].items()}
        assert found.keys() == {node.id for node in pattern.diagram.nodes}, pattern.slug
        assert {id for id, kind in found.items() if kind == "stadium"} == actors
        kinds = {"normal": "sync", "dotted": "async"}
        edges = [(a.removesuffix("_"), b.removesuffix("_"), kinds[stroke]) for a, b, stroke in read["edges"]]
        assert sorted(edges) == edges_of(pattern), pattern.slug
        labels = sorted(label.partition(": ")[2] or label for label in read["labels"])
        wanted = [edge.label for edge in pattern.diagram.edges if edge.label]
        assert [label for label in wanted if label not in labels] == [], pattern.slug


def test_mermaid_reads_the_diagram_of_every_markdown_block(page: Page) -> None:
    page.add_script_tag(path=tools.file_of("mermaid", "dist/mermaid.min.js"))
    for pattern in library().patterns():
        text = block(pattern, "https://patterns.example")
        inside = text.partition("```mermaid\n")[2].partition("\n```")[0]
        assert page.evaluate("async text => Boolean(await mermaid.parse(text))", inside), pattern.slug


def test_mxgraph_reads_every_drawio_file_with_the_same_boxes_and_arrows_apart(page: Page) -> None:
    page.evaluate("() => Object.assign(window, { mxLoadResources: false, mxLoadStylesheets: false, mxBasePath: '.' })")
    page.add_script_tag(path=tools.file_of("mxgraph", "javascript/mxClient.min.js"))
    for pattern in library().patterns():
        read: Any = page.evaluate(READ_DRAWIO, drawio(pattern))
        assert read["boxes"].keys() == {node.id for node in pattern.diagram.nodes}, pattern.slug
        assert sorted(map(tuple, read["edges"])) == edges_of(pattern), pattern.slug
        places = list(read["boxes"].values())
        for number, (x, y, width, height) in enumerate(places):
            assert width > 0
            assert height > 0
            for other_x, other_y, other_width, other_height in places[:number]:
                apart = x >= other_x + other_width or other_x >= x + width
                assert apart or y >= other_y + other_height or other_y >= y + height, (pattern.slug, json.dumps(places))
