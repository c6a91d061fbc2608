"""The private pieces of MiniStack that are patched are those that the patches were written for."""

from catalogue.labs.embedded.calls import log_lines
from catalogue.labs.embedded.workers import python_runtime
from tests.labs.embedded.ministack import ministack_pieces
from tests.labs.embedded.ministack.ministack_pieces import BY_NAME, TABLE, found, looks, used

WRITE = "python -m tests.labs.embedded.ministack.ministack_pieces"
WORKER_ATTRIBUTES = {
    *("func_name", "config", "code_zip", "in_use", "last_used"),
    *("_proc", "_tmpdir", "_lock", "_cold", "_stderr_queue", "_stderr_thread"),
}


def test_every_piece_has_the_name_and_the_signature_that_it_is_patched_by() -> None:
    changed = []
    for line in TABLE.read_text().splitlines():
        name, _, expected = line.partition(" ")
        try:
            seen = looks(found(name))
        except AttributeError:
            seen = "is gone"
        if seen != expected:
            changed.append(f"{name}: {expected} -> {seen}")
    assert changed == [], f"Look at the patches of these, then: {WRITE}"


def test_the_table_has_every_piece_that_is_used() -> None:
    listed = {line.partition(" ")[0] for line in TABLE.read_text().splitlines()}
    assert listed == used() | set(BY_NAME), f"Write the table again: {WRITE}"


def test_a_worker_has_the_attributes_that_are_used() -> None:
    from ministack.core.lambda_runtime import Worker

    assert vars(Worker("name", {}, b"")).keys() >= WORKER_ATTRIBUTES


def test_the_workers_script_has_the_places_that_are_changed() -> None:
    from ministack.core import lambda_runtime

    script = log_lines.telling_its_end(lambda_runtime._PYTHON_WORKER_SCRIPT)
    compile(python_runtime.logging_as_lambda(script), "_worker.py", "exec")


def test_a_piece_that_is_gone_or_has_another_signature_is_seen() -> None:
    assert ministack_pieces.looks(lambda a, b=1: None) == "(a, b=1)"
    assert "ministack.core.lambda_runtime.Worker.invoke" in used()
    assert "ministack.services.lambda_svc._emit_lambda_logs" in used()
