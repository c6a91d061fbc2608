"""The code of a template's functions as zips, as `sam build` and `aws cloudformation package` make them.

Python brings what requirements.txt names, Node.js what package.json names. Both are installed for this machine, which
runs the functions. A folder that `sam build` has made is taken as it is.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalogue.labs.lifecycle.packaging import dependencies
from catalogue.labs.lifecycle.packaging.installing import NotInstalled, install
from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.lifecycle.packaging.zips import Artifact, zip_files
from catalogue.labs.targets.coverage import BUILT

MOST_BYTES = 250 * 2**20
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
INSTALL_SECONDS = 180
_LEFT_OUT = {".git", "__pycache__", ".venv", ".aws-sam", ".pytest_cache"}
_SDK = re.compile(rb"""["'](@aws-sdk/[a-z0-9-]+|aws-sdk)(?:/[^"']*)?["']""")
_OF_THE_RUNTIME = {"boto3", "botocore", "s3transfer"}
"""The runtime has them, and so has the emulator's Python."""


def code_zip(folder: Path, logical: str, uri: str, runtime: str) -> Artifact:
    """The zip of a function or layer. Raises PackagingError."""
    built = folder / BUILT / logical
    place = built if built.is_dir() else (folder / uri).resolve()
    if place.is_file() and place.suffix == ".zip":
        return _artifact(place.read_bytes())
    files = dict(_files(place, logical, uri))
    if not files:
        return _artifact(zip_files([("MISSING", f"There is no file in {uri}.")]))  # the verdict says so (`coverage`)
    if sum(map(len, files.values())) > MOST_BYTES:
        raise PackagingError(f"The code of {logical} has more than {MOST_BYTES // 2**20} MB.")
    if place != built:
        files = _brought(place, logical, runtime, files) | files
    return _artifact(zip_files(files.items()))


def _artifact(content: bytes) -> Artifact:
    return Artifact(f"code/{hashlib.sha256(content).hexdigest()}.zip", content)


def _files(place: Path, logical: str, uri: str) -> Iterator[tuple[str, bytes]]:
    try:
        if place.is_file():
            yield place.name, place.read_bytes()
            return
        for parent, folders, names in os.walk(place):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
            for name in sorted(names):
                path = Path(parent, name)
                if path.is_file():
                    yield path.relative_to(place).as_posix(), path.read_bytes()
    except OSError as error:
        raise PackagingError(f"The code of {logical} in {uri!r} cannot be read: {error.strerror}.") from error


def _brought(place: Path, logical: str, runtime: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    try:
        if runtime.startswith("python") and "requirements.txt" in files:
            text = files["requirements.txt"].decode("utf-8", "replace")
            return dict(dependencies.installed_freely(_wanted(text)))
        if runtime.startswith("nodejs") and not (place / "node_modules").is_dir():
            return node_modules(tuple(sorted(_node_packages(files).items())))
    except NotInstalled as error:
        raise PackagingError(f"The function {logical}: {error}") from error
    return {}


def _wanted(text: str) -> str:
    """The lines of a requirements.txt less what every runtime has."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and _name(line) not in _OF_THE_RUNTIME)


def _name(line: str) -> str:
    for end in "=<>!~[; @":
        line = line.partition(end)[0]
    return line.strip().lower()


def _node_packages(files: Mapping[str, bytes]) -> dict[str, str]:
    """Names and versions from package.json, and the parts of AWS's SDK that the code imports.

    Lambda has the SDK, a reader's machine does not.
    """
    try:
        named = json.loads(files.get("package.json", b"{}")).get("dependencies") or {}
    except (ValueError, AttributeError):
        raise NotInstalled("package.json is not a JSON object.") from None
    code = b"\n".join(content for path, content in files.items() if path.endswith((".js", ".mjs", ".cjs")))
    imported = {name.decode(): "latest" for name in _SDK.findall(code)}
    return imported | {str(name): str(version) for name, version in named.items()}


@lru_cache(maxsize=32)
def node_modules(packages: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    """What `npm install` makes of these packages; no script of a package runs. Raises NotInstalled."""
    if not packages:
        return {}
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("it needs packages, and npm is not installed here.")
    with tempfile.TemporaryDirectory(prefix="serverless-patterns-npm-") as work:
        Path(work, "package.json").write_text(json.dumps({"private": True, "dependencies": dict(packages)}))
        command = [npm, "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        what = f"npm: {len(packages)} package{'' if len(packages) == 1 else 's'} and what they need"
        done = install(
            command, Path(work), what, seconds=INSTALL_SECONDS, most_bytes=MOST_BYTES, prefix=("NPM_CONFIG_",)
        )
        if done.code:
            said = [line for line in done.errors.splitlines() if line.strip()]
            raise NotInstalled(f"npm could not install the packages. {said[-1] if said else ''}".strip())
        modules = Path(work, "node_modules")
        return {f"node_modules/{path}": content for path, content in _files(modules, "node_modules", "node_modules")}


def runtime_of(properties: Mapping[str, Any]) -> str:
    """`python3.13`; empty for an image."""
    if properties.get("PackageType") == "Image":
        return ""
    runtime = properties.get("Runtime")
    return runtime if isinstance(runtime, str) else "unknown"
