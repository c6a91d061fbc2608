"""Django's settings. The defaults run everything on one machine; environment variables change them."""

from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from catalogue import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")
CONTENT_DIR = env.folder("CONTENT_DIR", BASE_DIR / "patterns_content")

DEBUG = env.flag("DEBUG", True)


def _secret_key() -> str:
    """The key from SECRET_KEY, or one made at first start and kept under var/ while DEBUG is on."""
    given = env.text("SECRET_KEY", "")
    if given:
        return given
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set: with DEBUG=0 give a long random value.")
    kept = VAR_DIR / "secret-key"
    if not kept.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        # Written aside and linked into place: of two processes starting at once, both read the one whole key.
        with NamedTemporaryFile("w", dir=VAR_DIR) as fresh:
            fresh.write(get_random_secret_key())
            fresh.flush()
            with suppress(FileExistsError):
                kept.hardlink_to(fresh.name)
    return kept.read_text()


SECRET_KEY = _secret_key()


def _running_port() -> int:
    """The port that a running `manage.py up` has noted, so that links which commands write lead to it; else 8000."""
    try:
        return int((VAR_DIR / "port").read_text())
    except (OSError, ValueError):
        return 8000


PORT = env.integer("PORT", _running_port(), least=1)
SITE_URL = env.text("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
LIVE_URL = env.text("LIVE_URL", "").rstrip("/")  # of the site with labs and newsletter, for pages served as plain files
SITE_NAME = "Serverless Patterns"
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
with suppress(ValueError):  # such as http://[: a check says so in words
    if (own_host := urlsplit(SITE_URL).hostname) and own_host not in ALLOWED_HOSTS:
        ALLOWED_HOSTS.append(own_host)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES", [])  # addresses and networks whose X-Forwarded-For is believed
CSRF_FAILURE_VIEW = "catalogue.errors.csrf_failure"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "catalogue",
    "catalogue.patterns",
    "catalogue.labs",
    "catalogue.newsletter",
    "catalogue.pages",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "catalogue.static_headers.static_files",
    "catalogue.errors.ErrorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "catalogue.urls"
ASGI_APPLICATION = "catalogue.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "catalogue.context.site",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}"), conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

PAGES_MEMORY_MB = env.integer("PAGES_MEMORY_MB", 64, least=1)  # of rendered pages at hand, in each web process

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "catalogue.storage.ManifestStaticFilesStorage"
    },
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# Without a mail server every mail goes to a page of the site. Anyone can read it there: only with DEBUG.
SMTP_HOST = env.text("SMTP_HOST", "")
SMTP_PORT = env.integer("SMTP_PORT", 25, least=1)
SMTP_USER = env.text("SMTP_USER", "")
SMTP_PASSWORD = env.text("SMTP_PASSWORD", "")
SMTP_STARTTLS = env.flag("SMTP_STARTTLS", False)
SMTP_TIMEOUT = env.integer("SMTP_TIMEOUT", 10, least=1)  # seconds
MAIL_TRANSPORT = env.choice(
    "MAIL_TRANSPORT", "mailbox" if DEBUG and not SMTP_HOST else "smtp", ("mailbox", "smtp", "ses")
)
MAILBOX = MAIL_TRANSPORT == "mailbox"
MAILERS = {  # for mail that Django sends by itself; the newsletter's leaves by MAIL_TRANSPORT
    "default": {"BACKEND": "catalogue.newsletter.mailbox.backend.MailboxBackend"}
    if MAILBOX
    else {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": SMTP_HOST,
            "port": SMTP_PORT,
            "username": SMTP_USER,
            "password": SMTP_PASSWORD,
            "use_tls": SMTP_STARTTLS,
            "timeout": SMTP_TIMEOUT,
        },
    }
}
DEFAULT_FROM_EMAIL = env.text("FROM_EMAIL", "Serverless Patterns <updates@localhost>")
REPLY_TO = env.text("REPLY_TO", "")
SES_REGION = env.text("SES_REGION", "us-east-1")
SES_ENDPOINT = env.text("SES_ENDPOINT", "")  # another address than AWS's own, for tests
SES_CONFIGURATION_SET = env.text("SES_CONFIGURATION_SET", "")
SES_TOPIC_ARN = env.text("SES_TOPIC_ARN", "")  # the SNS topic whose bounces and complaints are believed
NEWSLETTER_CONTACT = env.text("NEWSLETTER_CONTACT", "")  # who sends this, and their postal address: one line
NEWSLETTER_DKIM_SELECTOR = env.text("NEWSLETTER_DKIM_SELECTOR", "")  # of the SMTP server, for the doctor
NEWSLETTER_CONNECTIONS = env.integer("NEWSLETTER_CONNECTIONS", 2, least=1)
NEWSLETTER_PER_SECOND = env.integer("NEWSLETTER_PER_SECOND", 0, least=0)  # of all senders together; 0: no limit
NEWSLETTER_WARM_UP = env.text("NEWSLETTER_WARM_UP", "")  # 2026-12-01:200 allows 200 on that day, double on each next
NEWSLETTER_IN_DOUBT = env.choice("NEWSLETTER_IN_DOUBT", "retry", ("retry", "hold"))  # what a crash left on the wire
NEWSLETTER_LEASE_SECONDS = env.integer("NEWSLETTER_LEASE_SECONDS", 120, least=1)
MAILBOX_KEEP = env.integer("MAILBOX_KEEP", 200, least=1)
NEWSLETTER_SUBSCRIBES_PER_HOUR = env.integer("NEWSLETTER_SUBSCRIBES_PER_HOUR", 20, least=1)  # for one client

# labs: every limit here has a test that goes past it
LABS_TARGET = env.choice("LABS_TARGET", "embedded", ("embedded", "aws"))
LABS_PER_VISITOR = env.integer("LABS_PER_VISITOR", 3, least=1)
LABS_PER_ADDRESS = env.integer("LABS_PER_ADDRESS", 12, least=1)  # so that a client without cookies has no more
LABS_STARTS_PER_HOUR = env.integer("LABS_STARTS_PER_HOUR", 120, least=1)  # from one address
LABS_PER_MACHINE = env.integer("LABS_PER_MACHINE", 200, least=1)
LABS_LIFETIME_SECONDS = env.integer("LABS_LIFETIME_SECONDS", 30 * 60, least=10)
LABS_IDLE_SECONDS = env.integer("LABS_IDLE_SECONDS", 10 * 60, least=10)
LABS_REQUESTS_PER_SECOND = env.integer("LABS_REQUESTS_PER_SECOND", 20, least=1)
LABS_REQUESTS_AT_ONCE = env.integer("LABS_REQUESTS_AT_ONCE", 40, least=1)  # of one lab, under way in one web process
LABS_BURST = env.integer("LABS_BURST", 100, least=1)
LABS_COMPARISON_SECONDS = env.integer("LABS_COMPARISON_SECONDS", 90, least=1)  # for one run of both sides' traffic
LABS_COMPARISONS_AT_ONCE = env.integer("LABS_COMPARISONS_AT_ONCE", 4, least=1)  # running, of all visitors
LABS_STREAMS_PER_LAB = env.integer("LABS_STREAMS_PER_LAB", 5, least=1)
LABS_STREAMS = env.integer("LABS_STREAMS", 500, least=1)  # in all, of one web process
LABS_LIVE_WORKERS = env.integer("LABS_LIVE_WORKERS", 120, least=1)  # processes of functions on the embedded AWS
LABS_RUNS_PER_LAB = env.integer("LABS_RUNS_PER_LAB", 50, least=1)
LABS_SHARE_DAYS = env.integer("LABS_SHARE_DAYS", 30, least=1)
LABS_SHARES_PER_DAY = env.integer("LABS_SHARES_PER_DAY", 20, least=1)  # of one owner
LABS_STACK_PREFIX = env.text("LABS_STACK_PREFIX", "patterns-lab")
# real AWS only (LABS_TARGET=aws); credentials come by boto3's usual chain
AWS_REGION = env.text("AWS_REGION", "us-east-1")
LABS_BUCKET = env.text("LABS_BUCKET", "")  # empty: one is made, named for account and region
LABS_ROLE_ARN = env.text("LABS_ROLE_ARN", "")  # the role that CloudFormation works with
LABS_PERMISSIONS_BOUNDARY = env.text("LABS_PERMISSIONS_BOUNDARY", "")  # put on every role that a lab makes

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"without_tokens": {"()": "catalogue.newsletter.log_filter.WithoutTokens"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_tokens"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING")},
}
