"""Django's settings. The defaults run everything on one machine; environment variables change them."""

from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.csp import CSP

from catalogue.base import env, keys
from catalogue.base.backends import addresses
from catalogue.base.target_names import EMBEDDED, TARGET_NAMES
from catalogue.observability.logs import formats as logs

BASE_DIR = Path(__file__).resolve().parent.parent
_PACKAGED = BASE_DIR / "catalogue" / "_site"  # where the wheel has what a checkout has beside the code
SITE_DIR = _PACKAGED if _PACKAGED.is_dir() else BASE_DIR
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")
CONTENT_DIR = env.folder("CONTENT_DIR", SITE_DIR / "patterns_content")
# `serverless-patterns open` sets these: the catalogue is one template, and its page is its owner's (docs/open.md)
PROJECT_TEMPLATE = env.text("PROJECT_TEMPLATE", "")
PROJECT_PARAMETERS = env.text("PROJECT_PARAMETERS", "{}")  # a JSON object
PROJECT_OWNER = env.text("PROJECT_OWNER", "")  # the owner key of its lab

DEBUG = env.flag("DEBUG", True)


def _strong(name: str) -> str:
    """A key from the environment, or nothing; with DEBUG=0 a weak one stops the start."""
    given = env.text(name, "")
    if given and not DEBUG and (weak := keys.weakness(given)):
        raise ImproperlyConfigured(
            f"{name} {weak}. Make one with: {keys.HOW_TO_MAKE}\n"
            f"Put the current one into {name}_FALLBACKS, so that what it signed or hashed keeps working."
        )
    return given


def _secret_key() -> str:
    """The key from SECRET_KEY, or one made at first start and kept under var/ while DEBUG is on."""
    given = _strong("SECRET_KEY")
    if given:
        return given
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY is not set: with DEBUG=0, set it to a long random value.")
    kept = VAR_DIR / "secret-key"
    if not kept.exists():
        VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked into place: of two processes starting at once, both read the one whole key.
        with NamedTemporaryFile("w", dir=VAR_DIR) as fresh:
            fresh.write(get_random_secret_key())
            fresh.flush()
            with suppress(FileExistsError):
                kept.hardlink_to(fresh.name)
    return kept.read_text()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])  # earlier keys: what they signed is still believed
SUPPRESSION_KEY = _strong("SUPPRESSION_KEY")  # hashes addresses that must get no mail; without one SECRET_KEY does
SUPPRESSION_KEY_FALLBACKS = env.words("SUPPRESSION_KEY_FALLBACKS", [])  # earlier ones: their hashes still match


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
CONTACT_EMAIL = env.email("CONTACT_EMAIL")  # in the footer and on About, with a link to report a problem of a page
SOCIAL_LINKS = env.links("SOCIAL_LINKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
with suppress(ValueError):  # such as http://[: a check says so in words
    if (own_host := urlsplit(SITE_URL).hostname) and own_host not in ALLOWED_HOSTS:
        ALLOWED_HOSTS.append(own_host)
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES", [])  # addresses and networks whose X-Forwarded-For is believed
CSRF_FAILURE_VIEW = "catalogue.web.errors.csrf_failure"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "catalogue",
    "catalogue.observability",
    "catalogue.patterns",
    "catalogue.labs",
    "catalogue.newsletter",
    "catalogue.pages",
]

MIDDLEWARE = [
    "catalogue.web.security_headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "catalogue.web.static_headers.static_files",
    "catalogue.web.front.compression.CompressionMiddleware",
    "catalogue.web.errors.ErrorsMiddleware",
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
        "DIRS": [SITE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "catalogue.web.context.site",
            ],
            "libraries": {
                "demo": "catalogue.patterns.views.tags.demo",
                "kept": "catalogue.web.kept_tags",
                "pictures": "catalogue.patterns.views.tags.pictures",
                "recorded_runs": "catalogue.patterns.views.tags.recorded_runs",
                "newsletter": "catalogue.newsletter.views.tags",
            },
        },
    }
]

DATABASE_POOL = env.integer("DATABASE_POOL", 20, least=0)  # connections to Postgres of one process; 0: one a thread
DATABASES = {
    "default": addresses.database(env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}"), DATABASE_POOL)
}
CACHE_URL = env.text("CACHE_URL", "")
CACHES = {"default": addresses.cache(CACHE_URL)}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

HANG_SECONDS = env.integer("HANG_SECONDS", 15, least=1)  # without a sign of life, then `up` replaces the process
PAGES_MEMORY_MB = env.integer("PAGES_MEMORY_MB", 64, least=1)  # of rendered pages at hand, in each web process

STATIC_URL = "/static/"
STATICFILES_DIRS = [SITE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "catalogue.web.storage.ManifestStaticFilesStorage"
    },
}

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# No page has an inline script or style. `LIVE_URL` is where exported pages send their forms and find labs.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF, *([LIVE_URL] if LIVE_URL else [])],
    "form-action": [CSP.SELF, *([LIVE_URL] if LIVE_URL else [])],
    "frame-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 31_536_000 if SITE_URL.startswith("https://") else 0)
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https://")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# The web server's limits, each for one web process; catalogue/web/front holds those that no setting changes.
HTTP_CONNECTIONS = env.integer("HTTP_CONNECTIONS", 4000, least=16)  # fewer where descriptors are scarce
HTTP_CONNECTIONS_PER_ADDRESS = env.integer("HTTP_CONNECTIONS_PER_ADDRESS", 200, least=1)
HTTP_HEAD_SECONDS = env.integer("HTTP_HEAD_SECONDS", 10, least=1)
HTTP_BODY_SECONDS = env.integer("HTTP_BODY_SECONDS", 10, least=1)
HTTP_IDLE_SECONDS = env.integer("HTTP_IDLE_SECONDS", 30, least=1)
HTTP_WRITE_SECONDS = env.integer("HTTP_WRITE_SECONDS", 30, least=1)
HTTP_BODIES_MB = env.integer("HTTP_BODIES_MB", 64, least=1)  # of bodies to Django that are held at once
HTTP_LIVE_BODIES_MB = env.integer("HTTP_LIVE_BODIES_MB", 200, least=11)  # of bodies to labs' endpoints

# Without a mail server every mail goes to a page of the site. Anyone can read it there: only with DEBUG.
SMTP_HOST = env.text("SMTP_HOST", "")
SMTP_TLS = env.flag("SMTP_TLS", False)  # TLS from the first byte, as on port 465 (RFC 8314)
SMTP_PORT = env.integer("SMTP_PORT", 465 if SMTP_TLS else 25, least=1)
SMTP_USER = env.text("SMTP_USER", "")
SMTP_PASSWORD = env.text("SMTP_PASSWORD", "")
SMTP_STARTTLS = env.flag("SMTP_STARTTLS", False)
SMTP_TIMEOUT = env.integer("SMTP_TIMEOUT", 10, least=1)  # seconds
MAIL_TRANSPORT = env.choice(
    "MAIL_TRANSPORT", "mailbox" if DEBUG and not SMTP_HOST else "smtp", ("mailbox", "smtp", "ses")
)
MAILBOX = MAIL_TRANSPORT == "mailbox"
MAILERS = {  # for mail that Django sends by itself; the newsletter's leaves by MAIL_TRANSPORT
    "default": {"BACKEND": "catalogue.newsletter.mail.mailbox.backend.MailboxBackend"}
    if MAILBOX
    else {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": SMTP_HOST,
            "port": SMTP_PORT,
            "username": SMTP_USER,
            "password": SMTP_PASSWORD,
            "use_tls": SMTP_STARTTLS,
            "use_ssl": SMTP_TLS and not SMTP_STARTTLS,  # both at once is an error that a check explains
            "timeout": SMTP_TIMEOUT,
        },
    }
}
DEFAULT_FROM_EMAIL = env.text("FROM_EMAIL", "Serverless Patterns <updates@localhost>")
BOUNCE_ADDRESS = env.text("BOUNCE_ADDRESS", "")  # by SMTP: each mail's envelope sender is a variant of it (VERP)
BOUNCE_MAILBOX = env.text("BOUNCE_MAILBOX", "")  # where they are read: a Maildir, an mbox, imaps://user@host/folder
BOUNCE_MAILBOX_PASSWORD = env.text("BOUNCE_MAILBOX_PASSWORD", "")
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
LABS_TARGET = env.choice("LABS_TARGET", EMBEDDED, TARGET_NAMES)
LABS_PER_VISITOR = env.integer("LABS_PER_VISITOR", 3, least=1)
LABS_PER_ADDRESS = env.integer("LABS_PER_ADDRESS", 12, least=1)  # so that a client without cookies has no more
LABS_STARTS_PER_HOUR = env.integer("LABS_STARTS_PER_HOUR", 120, least=1)  # from one address
LABS_PER_MACHINE = env.integer("LABS_PER_MACHINE", 200, least=1)  # on each emulator
LABS_ENDPOINTS = tuple(url.rstrip("/") for url in env.words("LABS_ENDPOINTS", []))  # empty: the one that `up` starts
LABS_EMULATOR_SECONDS = env.integer("LABS_EMULATOR_SECONDS", 30, least=5)  # of silence, after which its labs are gone
LABS_LIFETIME_SECONDS = env.integer("LABS_LIFETIME_SECONDS", 30 * 60, least=10)
LABS_IDLE_SECONDS = env.integer("LABS_IDLE_SECONDS", 10 * 60, least=10)
LABS_REQUESTS_PER_SECOND = env.integer("LABS_REQUESTS_PER_SECOND", 20, least=1)
LABS_REQUESTS_AT_ONCE = env.integer("LABS_REQUESTS_AT_ONCE", 40, least=1)  # of one lab, under way in one web process
LABS_BURST = env.integer("LABS_BURST", 100, least=1)
LABS_COMPARISON_SECONDS = env.integer("LABS_COMPARISON_SECONDS", 90, least=1)  # for one run of both sides' traffic
LABS_COMPARISONS_AT_ONCE = env.integer("LABS_COMPARISONS_AT_ONCE", 4, least=1)  # running, of all visitors
LABS_STREAMS_PER_LAB = env.integer("LABS_STREAMS_PER_LAB", 5, least=1)
LABS_STREAMS = env.integer("LABS_STREAMS", 500, least=1)  # in all, of one web process
LABS_SOCKETS_PER_LAB = env.integer("LABS_SOCKETS_PER_LAB", 20, least=1)  # open WebSockets, in one web process
LABS_SOCKETS_PER_ADDRESS = env.integer("LABS_SOCKETS_PER_ADDRESS", 40, least=1)  # of one client, in one web process
LABS_SOCKET_IDLE_SECONDS = env.integer("LABS_SOCKET_IDLE_SECONDS", 600, least=1)  # API Gateway's own: 10 minutes
LABS_LIVE_WORKERS = env.integer("LABS_LIVE_WORKERS", 120, least=1)  # processes of functions on the embedded AWS
LABS_EMULATOR_MEMORY_MB = env.integer("LABS_EMULATOR_MEMORY_MB", 400, least=0)  # above that it starts again when idle
LABS_ISOLATION = env.choice(
    "LABS_ISOLATION", "auto", ("auto", "require", "off")
)  # of the embedded AWS and its functions
EMULATOR_USER = env.text("EMULATOR_USER", "")  # whom the embedded AWS runs as, where the site is started by root
LABS_RUNS_PER_LAB = env.integer("LABS_RUNS_PER_LAB", 50, least=1)
LABS_SHARE_DAYS = env.integer("LABS_SHARE_DAYS", 30, least=1)
LABS_SHARES_PER_DAY = env.integer("LABS_SHARES_PER_DAY", 20, least=1)  # of one owner
LABS_DRAWINGS_PER_HOUR = env.integer("LABS_DRAWINGS_PER_HOUR", 60, least=1)  # pasted templates of one address
LABS_DRAWINGS_AT_ONCE = env.integer("LABS_DRAWINGS_AT_ONCE", 2, least=1)  # processes that read one, of a web process
LABS_DRAWING_SECONDS = env.integer("LABS_DRAWING_SECONDS", 30, least=1)  # after which such a process is killed
LABS_STACK_PREFIX = env.text("LABS_STACK_PREFIX", "patterns-lab")
# real AWS only (LABS_TARGET=aws): docs/aws.md. Credentials come by boto3's usual chain
AWS_REGION = env.text("AWS_REGION", "us-east-1")
LABS_ASSUME_ROLE_ARN = env.text("LABS_ASSUME_ROLE_ARN", "")  # the role of the labs' account that the site assumes
LABS_EXTERNAL_ID = env.text("LABS_EXTERNAL_ID", "")  # what that role's trust policy asks for
LABS_AWS_SITE = env.text("LABS_AWS_SITE", "")  # tells this site from others in the account; empty: SITE_URL's host
LABS_BUCKET = env.text("LABS_BUCKET", "")  # empty: one is made, named for account and region
LABS_ROLE_ARN = env.text("LABS_ROLE_ARN", "")  # the role that CloudFormation works with
LABS_PERMISSIONS_BOUNDARY = env.text("LABS_PERMISSIONS_BOUNDARY", "")  # put on every role that a lab makes
LABS_AWS_STACKS = env.integer("LABS_AWS_STACKS", 20, least=1)  # of all sites that share the account and the prefix
LABS_AWS_STARTS_PER_HOUR = env.integer("LABS_AWS_STARTS_PER_HOUR", 100, least=1)  # AWS deletes 120 REST APIs an hour
LABS_BUDGET_USD = env.integer("LABS_BUDGET_USD", 20, least=0)  # a month; 0: no guard
LABS_BUDGET_NAME = env.text("LABS_BUDGET_NAME", "")  # the budget of AWS Budgets that is asked; empty: own figures alone
LABS_SHARED_STACKS = env.flag("LABS_SHARED_STACKS", False)  # one long-lived stack a pattern, shared by its visitors
LABS_SHARED_HOURS = env.integer("LABS_SHARED_HOURS", 24, least=1)

MCP = env.flag("MCP", True)  # whether /mcp serves assistants, where the package mcp is installed: docs/mcp.md
MCP_PER_MINUTE = env.integer("MCP_PER_MINUTE", 120, least=1)  # requests of one address to it

# what an operator sees of the site: docs/observability.md
LOG_FORMAT = env.choice("LOG_FORMAT", "line", ("line", "json"))
LOG_CLIENT = env.choice("LOG_CLIENT", "truncated", ("truncated", "full", "none"))  # clients' addresses in logs
ACCESS_LOG = env.flag("ACCESS_LOG", False)
ACCESS_LOG_EVERY = env.integer("ACCESS_LOG_EVERY", 1, least=1)  # answers below 500: one of so many is logged
METRICS_TOKEN = env.text("METRICS_TOKEN", "")  # opens /metrics and the details of /readyz; empty: /metrics is 404
READY_NEEDS = env.words("READY_NEEDS", ["database"])  # parts without which /readyz answers 503
OTEL_EXPORTER_OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT", "")  # spans by OTLP over HTTP; empty: none
SENTRY_DSN = env.text("SENTRY_DSN", "")
LOGGING = logs.configuration(LOG_FORMAT, env.text("LOG_LEVEL", "WARNING"))
