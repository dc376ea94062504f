"""`/api/v1/me/`, `/api/v1/users/`, `/api/v1/tokens/`, `/api/v1/notifications/`"""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.core import clock
from config.core.models import ApiToken, Notification, User
from config.core.permissions import SIGNED_IN, person
from config.core.selectors import notifications
from config.core.serializers import StrictSerializer, TextField
from config.core.services import notify, tokens


class UserOutput(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="get_display_name")
    email = serializers.CharField(read_only=True)
    roles = serializers.SerializerMethodField()
    units = serializers.SerializerMethodField()
    manager = serializers.CharField(source="manager.username", default=None, allow_null=True)

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "name",
            "email",
            "roles",
            "units",
            "all_units",
            "manager",
            "is_active",
            "last_login",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_roles(self, user: User) -> list[str]:
        return sorted(group.name for group in user.groups.all())

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_units(self, user: User) -> list[str]:
        return sorted(unit.code for unit in user.units.all())


class MeOutput(UserOutput):
    permissions = serializers.SerializerMethodField()

    class Meta(UserOutput.Meta):
        fields = (*UserOutput.Meta.fields, "permissions")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.get_all_permissions())


class MeView(APIView):
    required_permissions = {"GET": SIGNED_IN}

    @extend_schema(summary="Who am I, and what may I do", responses=MeOutput)
    def get(self, request: Request) -> Response:
        return Response(MeOutput(person(request)).data)


class UserFilter(django_filters.FilterSet):
    username = django_filters.CharFilter(max_length=150)
    role = django_filters.CharFilter(field_name="groups__name", max_length=40)
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = User
        fields = ("username", "role", "is_active")


@extend_schema_view(
    list=extend_schema(summary="List users"), retrieve=extend_schema(summary="Read a user")
)
class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[User]):
    """Users, read only: rights are given on the page, by a person."""

    required_permissions = {"GET": "core.view_user"}
    serializer_class = UserOutput
    filterset_class = UserFilter
    queryset = User.objects.select_related("manager").prefetch_related("groups", "units")
    ordering = ("username",)
    lookup_value_regex = r"[0-9]{1,18}"


class TokenOutput(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
        read_only_fields = fields


class NewTokenOutput(TokenOutput):
    token = serializers.CharField(read_only=True)

    class Meta(TokenOutput.Meta):
        fields = (*TokenOutput.Meta.fields, "token")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class TokenInput(StrictSerializer):
    name = TextField(max_length=80)
    expires_at = serializers.DateTimeField(allow_null=True, default=None)


@extend_schema_view(
    list=extend_schema(summary="List one's API tokens"),
    retrieve=extend_schema(summary="Read a token"),
)
class TokenViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ApiToken]
):
    """One's own API tokens; the text of a new one is in this one answer only."""

    required_permissions = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    serializer_class = TokenOutput
    queryset = ApiToken.objects.none()
    ordering = ("-pk",)
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(user=person(self.request))

    @extend_schema(summary="Make a token", request=TokenInput, responses={201: NewTokenOutput})
    def create(self, request: Request) -> Response:
        form = TokenInput(data=request.data)
        form.is_valid(raise_exception=True)
        user = person(request)
        token, text = tokens.create(user=user, actor=user, now=clock.now(), **form.validated_data)
        return Response({**TokenOutput(token).data, "token": text}, status=201)

    @extend_schema(summary="Revoke a token", request=None, responses=TokenOutput)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        token = self.get_object()
        tokens.revoke(token=token, actor=person(request), now=clock.now())
        token.refresh_from_db()
        return Response(TokenOutput(token).data)


class NotificationOutput(serializers.ModelSerializer[Notification]):
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = ("id", "kind", "level", "sentence", "link", "created_at", "read_at")
        read_only_fields = fields

    def get_sentence(self, row: Notification) -> str:
        return notifications.sentence(row)


class NotificationFilter(django_filters.FilterSet):
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields = ("unread",)


class CountOutput(serializers.Serializer[int]):
    marked = serializers.IntegerField()


@extend_schema_view(
    list=extend_schema(summary="List one's notifications, newest first"),
    retrieve=extend_schema(summary="Read a notification"),
)
class NotificationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Notification]
):
    """What one was told, in one's language."""

    required_permissions = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    serializer_class = NotificationOutput
    filterset_class = NotificationFilter
    queryset = Notification.objects.none()
    ordering = ("-pk",)
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Notification]:
        return notifications.of(user=person(self.request))

    @extend_schema(summary="Mark all as read", request=None, responses=CountOutput, filters=False)
    @action(detail=False, methods=["post"], url_path="mark-read")
    def mark_read(self, request: Request) -> Response:
        return Response({"marked": notify.mark_read(user=person(request), now=clock.now())})
