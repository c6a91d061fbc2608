"""`manage.py publish`: an export to S3 and CloudFront."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalogue.pages.publishing.publish import NotPublished, publish


class Command(BaseCommand):
    help = "Upload the changes in an export (`manage.py build --to DIR`) to S3 and invalidate them in CloudFront."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder of the export")
        parser.add_argument("--bucket", required=True, help="name of the S3 bucket")
        parser.add_argument("--distribution", default="", help="ID of the CloudFront distribution in front of it")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be done")

    def handle(
        self, *args: Any, folder: Path, bucket: str, distribution: str, dry_run: bool, verbosity: int, **options: Any
    ) -> None:
        import boto3  # takes a second: only here
        from botocore.exceptions import BotoCoreError, ClientError
        from tqdm import tqdm

        try:
            s3 = boto3.client("s3", region_name=settings.AWS_REGION)
            cloudfront = boto3.client("cloudfront") if distribution else None
            with tqdm(desc="uploading", unit="file", disable=not verbosity or not sys.stderr.isatty()) as bar:

                def uploaded(number: int, total: int) -> None:
                    bar.total = total
                    bar.update(number - bar.n)

                doing = publish(folder, bucket, s3, cloudfront, distribution, uploaded, dry_run=dry_run)
        except NotPublished as error:
            raise CommandError(str(error)) from None
        except (BotoCoreError, ClientError) as error:
            raise CommandError(f"AWS: {error}. Fix that and run it again. It continues where it stopped.") from None
        if dry_run:
            for what, names in (("upload", doing.upload), ("delete", doing.delete), ("invalidate", doing.invalidate)):
                for name in names:
                    self.stdout.write(f"{what} {name}")
        elif verbosity:
            told = f"{len(doing.invalidate)} paths invalidated" if distribution else "nothing invalidated"
            self.stdout.write(f"{len(doing.upload)} files uploaded, {len(doing.delete)} deleted, {told}.")
