"""`Authorization: Token zq_…` (or Bearer) for programs; browsers use their session."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from config.core import clock, request_context
from config.core.models import ApiToken, User
from config.core.services import tokens


class TokenAuthentication(BaseAuthentication):
    keywords = (b"token", b"bearer")

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() not in self.keywords:
            return None
        text = parts[1].decode("ascii", "replace") if len(parts) == 2 else ""
        token = tokens.find(text=text, now=clock.now())
        if token is None:
            raise AuthenticationFailed(_("The token is not valid."))
        context = request_context.current()
        request_context.set_current(replace(context, token_prefix=token.prefix))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Token realm="Zhangqi"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "config.core.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token zq_…`, made under Settings → API tokens or by `manage.py create_token USER`.",
        }
