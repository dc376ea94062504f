"""Zhangqi 账期: settings, routes, the Celery application, and the shared kernel in `config.core`."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
