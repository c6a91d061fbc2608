"""Which of several `serverless-patterns open` a command means."""

import os
from pathlib import Path

import pytest

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.site import FOLDER_PREFIX
from catalogue.management.terminal.talking.running import Running, chosen, note, page_of, running

ONE = Running(1, "/projects/one/template.yaml", "http://127.0.0.1:8001/labs/AAAAAAAAAAAAAAAAAAAAAA")
TWO = Running(2, "/projects/two/template.yaml", "http://127.0.0.1:8002/labs/BBBBBBBBBBBBBBBBBBBBBB")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_the_only_one_is_meant_from_any_folder() -> None:
    assert chosen([ONE], Path("/elsewhere")) == ONE


def test_of_several_the_one_around_the_current_folder_is_meant() -> None:
    assert chosen([ONE, TWO], Path("/projects/two")) == TWO
    assert chosen([ONE, TWO], Path("/projects/one/src")) == ONE


@pytest.mark.parametrize(
    ("among", "said"), [([], "No `serverless-patterns open` runs here"), ([ONE, TWO], "Several run: http://127")]
)
def test_otherwise_it_has_to_be_named(among: list[Running], said: str) -> None:
    with pytest.raises(Refused, match=said):
        chosen(among, Path("/elsewhere"))


def test_a_note_is_found_while_its_process_lives(temporary: Path) -> None:
    for name, pid in (("lives", os.getpid()), ("ended", 2**22 + 1)):
        folder = temporary / f"{FOLDER_PREFIX}{name}"
        folder.mkdir()
        note(folder, Running(pid, f"/projects/{name}/template.yaml", ONE.page))
    (temporary / f"{FOLDER_PREFIX}broken").mkdir()
    (temporary / f"{FOLDER_PREFIX}broken" / "open.json").write_text("[")

    assert [one.template for one in running()] == ["/projects/lives/template.yaml"]
    assert page_of(None) == ONE.page


def test_one_that_is_not_ready_has_no_page_yet(temporary: Path) -> None:
    folder = temporary / f"{FOLDER_PREFIX}new"
    folder.mkdir()
    note(folder, Running(os.getpid(), "/projects/new/template.yaml"))

    with pytest.raises(Refused, match="is being deployed"):
        page_of(None)
