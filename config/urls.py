"""All routes. Pages per app, the REST API below /api/v1/."""

from django.urls import include, path

urlpatterns = []
