"""Settings, top to bottom; environments differ only by variables (listed in docs/operations.md).

Nothing here starts a server or reads the network: linters and `--help` import this module.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

from config import database


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value == "":
        return default
    raise SystemExit(f"{name} must be 1 or 0, not {value!r}.")


def env_list(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("ZQ_VAR", BASE_DIR / "var"))


# Deployment: PRODUCTION=1 asks for every secret and turns the strict headers on. -----------------

PRODUCTION = env_bool("PRODUCTION", False)
DEBUG = env_bool("DEBUG", False)
if PRODUCTION and DEBUG:
    raise SystemExit("DEBUG must be off in production.")


def local_secret() -> str:
    """Return a random key kept in var/, so that a newcomer's sessions survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()


def is_weak(key: str) -> bool:
    return len(key) < 50 or len(set(key)) < 10 or key.startswith("django-insecure-")


SECRET_KEY = os.environ.get("SECRET_KEY", "")
if PRODUCTION and is_weak(SECRET_KEY):
    raise SystemExit("Set SECRET_KEY to at least 50 random characters in production.")
SECRET_KEY = SECRET_KEY or local_secret()
# The audit chain has a key of its own in production, so that it survives a change of SECRET_KEY.
AUDIT_KEY = (
    os.environ.get("AUDIT_KEY", "") or hashlib.sha256(b"audit:" + SECRET_KEY.encode()).hexdigest()
)
# What proves the trail against its own database's owner belongs on another machine's disk.
AUDIT_ANCHOR_FILE = Path(os.environ.get("AUDIT_ANCHOR_FILE", VAR_DIR / "audit-anchors.log"))

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or (
    [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
if PRODUCTION and not ALLOWED_HOSTS:
    raise SystemExit("Set ALLOWED_HOSTS in production.")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
# How many proxies of ours stand before us; the client's address is read only through them.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
if PRODUCTION:
    SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by the machine itself
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("SECURE_COOKIES", True)
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


# Application -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config.core",
    "customers",
    "receivables",
    "credit",
    "planning",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "pgtrigger",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.core.middleware.RequestContextMiddleware",
    "config.core.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.core.middleware.SessionLifetimeMiddleware",
    "config.core.middleware.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.core.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "config.core.context.shell",
            ],
            "builtins": [
                "config.core.templatetags.zq",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# Data --------------------------------------------------------------------------------------------

DATABASES = {"default": database.settings_from_environment()}
MEDIA_ROOT = VAR_DIR / "files"
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
IMPORT_MAX_BYTES = int(os.environ.get("IMPORT_MAX_BYTES", 512 * 1024 * 1024))
IMPORT_MAX_ROWS = int(os.environ.get("IMPORT_MAX_ROWS", 2_000_000))


# People ------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "core:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "core:login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_IDLE = timedelta(minutes=int(os.environ.get("SESSION_IDLE_MINUTES", "30")))
SESSION_ABSOLUTE = timedelta(hours=12)
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE.total_seconds())
CSRF_FAILURE_VIEW = "config.core.views.errors.csrf_failure"
LOGIN_FAILURES_PER_USER = 10
LOGIN_FAILURES_PER_ADDRESS = 30
LOGIN_FAILURE_WINDOW = timedelta(minutes=15)


# Language and time -------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
BASE_CURRENCY = "CNY"


# Static files ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 31_536_000 if PRODUCTION else 3600


# REST API ----------------------------------------------------------------------------------------

API_CALLS_PER_MINUTE = int(os.environ.get("API_CALLS_PER_MINUTE", "6000"))
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.core.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["config.core.permissions.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.core.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["config.core.filters.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "config.core.pagination.Cursor",
    "DEFAULT_THROTTLE_CLASSES": ["config.core.throttling.PrincipalThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "config.core.problems.handle",
    "PAGE_SIZE": 100,
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Zhangqi 账期",
    "DESCRIPTION": "Customer credit and accounts receivable. Amounts are strings, errors are "
    "application/problem+json (RFC 9457), dates are ISO 8601.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Choice sets whose fields share a name get names of their own in the document.
    "ENUM_NAME_OVERRIDES": {
        "ItemKindEnum": [
            "invoice",
            "debit_note",
            "opening",
            "interest",
            "retention",
            "refund",
            "credit_note",
            "receipt",
            "bill",
            "write_off",
            "reversal",
        ],
        "InstalmentKindEnum": ["regular", "retention"],
        "CustomerKindEnum": "customers.models.Customer.Kind",
        "PostableKindEnum": "receivables.api.item_serializers.POSTABLE",
        "ImportKindEnum": "receivables.models.imports.ImportKind",
        "AlertKindEnum": "receivables.models.AlertRule.Kind",
        "AlertLevelEnum": "receivables.domain.alerts.LEVELS",
        "NotificationLevelEnum": "config.core.models.Notification.Level",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.core.openapi.describe_problems",
    ],
}


# Background work ---------------------------------------------------------------------------------

REDIS_URL = os.environ.get("REDIS_URL", "")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 6 * 3600, "socket_timeout": 5, "socket_connect_timeout": 3}
    if REDIS_URL
    else {"polling_interval": 0.05}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(REDIS_URL)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = TIME_ZONE
# A job whose worker was killed is taken up again after at most the lease plus one sweep.
JOB_LEASE = timedelta(seconds=int(os.environ.get("JOB_LEASE_SECONDS", "30")))
JOB_ATTEMPTS = 5
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat")
CELERY_BEAT_SCHEDULE = {
    "core-beat": {"task": "config.core.tasks.beat", "schedule": 15.0},
    "core-sweep-jobs": {"task": "config.core.tasks.sweep_jobs", "schedule": 15.0},
    "core-seal-audit": {"task": "config.core.tasks.seal_audit", "schedule": 5.0},
    "core-export-audit-anchor": {
        "task": "config.core.tasks.export_audit_anchor",
        "schedule": crontab(minute=5),
    },
    "core-send-outbox": {"task": "config.core.tasks.send_outbox", "schedule": 20.0},
    "core-forget-old": {
        "task": "config.core.tasks.forget_old",
        "schedule": crontab(hour=3, minute=40),
    },
    "receivables-nightly-review": {
        "task": "receivables.tasks.start_nightly_reviews",
        "schedule": crontab(hour=2, minute=10),
    },
    "receivables-catch-up-reviews": {
        "task": "receivables.tasks.start_nightly_reviews",
        "schedule": crontab(minute=35),
    },
    "receivables-escalate-alerts": {
        "task": "receivables.tasks.escalate_alerts",
        "schedule": crontab(hour=8, minute=0),
    },
}

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "zhangqi@localhost")


# Logs --------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.core.logs.OneLineFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {"zhangqi": {"level": os.environ.get("LOG_LEVEL", "INFO"), "propagate": True}},
}
