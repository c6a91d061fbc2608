"""Exported files to S3, and word to CloudFront of what has changed.

The bucket holds the manifest of what was published last. Only keys that it names are ever overwritten by other content
or deleted; whatever else lies in the bucket is someone else's.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalogue.pages.publishing.export import NotOurs, read_manifest
from catalogue.pages.publishing.manifest import (
    MANIFEST,
    File,
    Manifest,
    NotAManifest,
    leaving,
    manifest_text,
    parse_manifest,
)
from catalogue.pages.publishing.moved import shown

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

MOST_PATHS = 100
"""So many changed paths are named one by one; of more, all are meant: CloudFront takes 3,000 at a time and charges for
each after a thousand a month (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html)."""


class NotPublished(Exception):
    """Something is in the way. The message says what, and nothing was changed."""


@dataclass(frozen=True)
class Plan:
    """What publishing will do, as keys of the bucket."""

    upload: Sequence[str]
    """Files under hashed names first, so that no page is there before what it loads."""
    delete: Sequence[str]
    invalidate: Sequence[str]
    """Paths as CloudFront takes them."""
    keep: Mapping[str, File] = field(default_factory=dict)
    """What is gone from the export and will be deleted by a later run: see `manifest.KEEP_SECONDS`."""


def plan(here: Mapping[str, File], there: Mapping[str, File], waiting: Iterable[str] = ()) -> Plan:
    """From the manifest of an export and that of the bucket; `waiting` are paths of which CloudFront was to be told
    before."""
    changed = [path for path, file in here.items() if there.get(path) != file]
    keep, gone = leaving(there, here)
    stale = [path for path in (*changed, *gone) if path in there and not there[path].forever]
    paths = sorted({f"/{shown(path)}" for path in stale} | set(waiting))
    return Plan(
        upload=sorted(changed, key=lambda path: (not here[path].forever, path)),
        delete=gone,
        invalidate=paths if len(paths) <= MOST_PATHS and "/*" not in paths else ["/*"],
        keep=keep,
    )


def publish(
    folder: Path,
    bucket: str,
    s3: "S3Client",
    cloudfront: "CloudFrontClient | None" = None,
    distribution: str = "",
    progress: Callable[[int, int], None] = lambda *_: None,
    *,
    dry_run: bool = False,
) -> Plan:
    """Bring the bucket up to date with an export, and return what was done, or is to be done in a dry run. Raises
    NotPublished.

    Stopped or failed anywhere, it can be run again and does what is left: the bucket's manifest is replaced at the end,
    until then names all that may be there, and remembers what CloudFront has to be told until it has been.
    """
    try:
        here = read_manifest(folder).in_use
    except NotOurs as error:
        raise NotPublished(str(error)) from None
    if not here:
        raise NotPublished(f"{folder} holds no export: run `manage.py build --to {folder}` first.")
    there = _published(s3, bucket)
    tells = cloudfront is not None and bool(distribution)
    doing = plan(here, there.files, there.invalidate if tells else ())
    for path in doing.upload:
        if path not in there.files and _exists(s3, bucket, path):
            raise NotPublished(f"s3://{bucket}/{path} already exists and was not published by this site.")
    if dry_run:
        return doing
    waiting = doing.invalidate if tells else there.invalidate
    if doing.upload or doing.delete:
        # Until all is there the manifest knows the new names, and none of their contents.
        new = {path: replace(here[path], sha256="") for path in doing.upload}
        _put_manifest(s3, bucket, {**there.files, **new}, waiting)
    for number, path in enumerate(doing.upload, 1):
        s3.put_object(
            Bucket=bucket,
            Key=path,
            Body=(folder / path).read_bytes(),
            **_s3_headers(here[path].headers),  # type: ignore[arg-type]  # names by dictionary
        )
        progress(number, len(doing.upload))
    for first in range(0, len(doing.delete), 1000):
        keys = doing.delete[first : first + 1000]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
    done = {**here, **doing.keep}
    if manifest_text(done, waiting) != manifest_text(there.files, there.invalidate):
        _put_manifest(s3, bucket, done, waiting)
    if cloudfront is not None and distribution and doing.invalidate:
        cloudfront.create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={
                "Paths": {"Quantity": len(doing.invalidate), "Items": list(doing.invalidate)},
                "CallerReference": f"catalogue-{time.time_ns()}",
            },
        )
        _put_manifest(s3, bucket, done)
    return doing


def _s3_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that S3 keeps with an object. The others are a distribution's: see docs/publishing.md."""
    kept = {
        "Content-Type": "ContentType",
        "Cache-Control": "CacheControl",
        "Content-Disposition": "ContentDisposition",
        # A bucket with a website endpoint answers 301 with it:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html (read 2026-11-30)
        "Location": "WebsiteRedirectLocation",
    }
    return {parameter: headers[name] for name, parameter in kept.items() if name in headers}


def _published(s3: "S3Client", bucket: str) -> Manifest:
    try:
        kept = s3.get_object(Bucket=bucket, Key=MANIFEST)
    except s3.exceptions.NoSuchKey:
        return Manifest()
    try:
        return parse_manifest(kept["Body"].read())
    except NotAManifest:
        raise NotPublished(
            f"s3://{bucket}/{MANIFEST} was not published by this site, or is damaged. Use a separate bucket for the "
            "catalogue, or empty this one."
        ) from None


def _exists(s3: "S3Client", bucket: str, key: str) -> bool:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return bool(found) and found[0].get("Key") == key


def _put_manifest(s3: "S3Client", bucket: str, files: Mapping[str, File], invalidate: Iterable[str] = ()) -> None:
    s3.put_object(
        Bucket=bucket,
        Key=MANIFEST,
        Body=manifest_text(files, invalidate).encode(),
        ContentType="application/json",
        CacheControl="no-store",
    )
