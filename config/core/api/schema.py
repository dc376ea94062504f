"""The OpenAPI document and its page."""

from __future__ import annotations

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from config.core.permissions import SIGNED_IN, DeclaredPermission


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3 document."""

    required_permissions = {"GET": SIGNED_IN}
    permission_classes = [DeclaredPermission]
    renderer_classes = [OpenApiJsonRenderer, OpenApiYamlRenderer]


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files; its script is a second request, so nothing runs inline."""

    required_permissions = {"GET": SIGNED_IN}
    permission_classes = [DeclaredPermission]
    url_name = "api-schema"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)
        return response
