from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from tests.bench.suites.pages.footprint import installed_mb
from tests.support.site import ROOT


def test_what_is_installed_is_the_sum_of_the_named_packages_files(tmp_path: Path) -> None:
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text("pyyaml==6.0 \\\n    --hash=sha256:00\n")
    large.write_text("pyyaml==6.0 \\\n    --hash=sha256:00\npsycopg[binary]==3.3\n")

    assert 0.5 < installed_mb(small) < installed_mb(large) < installed_mb(ROOT / "requirements.txt")


@pytest.mark.parametrize("text", ["", "no-such-package-here==1.0\n"])
def test_a_list_that_cannot_be_measured_is_an_error(text: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(text)

    with pytest.raises(PackageNotFoundError):
        installed_mb(file)
