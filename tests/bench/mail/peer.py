"""django-newsletter on the same list: `python peer.py FOLDER PORT MAILS FILE` prints the seconds of its submission.

Runs in an environment of its own, which the benchmark makes; nothing of this project is imported.
"""

import sys
import time
from email import message_from_bytes, policy
from pathlib import Path


def main() -> None:
    folder, port, mails = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    mail = message_from_bytes(Path(sys.argv[4]).read_bytes(), policy=policy.default)
    parts = {kind: str(mail.get_body((kind,)).get_content()) for kind in ("plain", "html")}  # type: ignore[union-attr]
    templates = folder / "templates" / "newsletter" / "message"
    templates.mkdir(parents=True)
    (templates / "message_subject.txt").write_text("{{ message.title }}")
    (templates / "message.txt").write_text(f"{{% verbatim %}}{parts['plain']}{{% endverbatim %}}")
    (templates / "message.html").write_text(f"{{% verbatim %}}{parts['html']}{{% endverbatim %}}")

    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="bench",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.sites",
            "django.contrib.auth",
            "sorl.thumbnail",
            "newsletter",
        ],
        SITE_ID=1,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "peer.sqlite3")}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [str(folder / "templates")]}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        NEWSLETTER_CONFIRM_EMAIL=False,
        ROOT_URLCONF="newsletter.urls",
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.sites.models import Site
    from django.core.management import call_command
    from django.utils import timezone
    from newsletter.models import Message, Newsletter, Submission, Subscription

    call_command("migrate", verbosity=0)
    newsletter = Newsletter.objects.create(title="Bench", slug="bench", email="updates@bench.example", sender="Bench")
    newsletter.site.add(Site.objects.get_current())
    Subscription.objects.bulk_create(
        Subscription(
            newsletter=newsletter,
            email_field=f"r{number}@bench.example",
            subscribed=True,
            subscribe_date=timezone.now(),
        )
        for number in range(mails)
    )
    message = Message.objects.create(newsletter=newsletter, title="New pattern", slug="new-pattern")
    submission = Submission.from_message(message)
    submission.prepared = True
    submission.publish_date = timezone.now()
    submission.save()
    started = time.perf_counter()
    submission.submit()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
