"""Files that are put in place: whole, whoever writes them at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from catalogue.base.kept_files import put


def test_threads_that_put_the_same_file_leave_one_whole_content(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "picture.png"
    contents = [bytes([number]) * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            list(threads.map(lambda content: put(file, content), contents))
            assert file.read_bytes() in contents
    assert list(file.parent.iterdir()) == [file]
