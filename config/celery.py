"""The Celery application. Messages carry only the id of a `Job` row; see config/core/services/jobs.py."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("zhangqi")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["config.core", "customers", "receivables", "credit", "planning"])
