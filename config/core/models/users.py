"""People and programs that use the system, and what lets them in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from config.core.models.units import BusinessUnit
from config.core.roles import Role


class User(AbstractUser):
    """A person, or an integration account. Roles are groups; see config/core/roles.py."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    display_name = models.CharField(_("display name"), max_length=60, blank=True)
    units = models.ManyToManyField(
        BusinessUnit, verbose_name=_("business units"), blank=True, related_name="users"
    )
    all_units = models.BooleanField(_("sees all units"), default=False)
    manager = models.ForeignKey(
        "self",
        verbose_name=_("manager"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="reports",
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    preferences = models.JSONField(default=dict, blank=True)
    must_change_password = models.BooleanField(_("must change password"), default=False)
    # Raised by "sign out everywhere" and by a password change: sessions that carry another end.
    session_epoch = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.get_display_name()

    def get_display_name(self) -> str:
        return self.display_name or self.get_full_name() or self.username

    @property
    def sees_all_units(self) -> bool:
        return self.all_units or self.is_superuser

    def unit_ids(self) -> list[int]:
        """Return the ids of the units this user belongs to (all, if the user sees all)."""
        return self._unit_ids

    @cached_property
    def _unit_ids(self) -> list[int]:
        if self.sees_all_units:
            return list(BusinessUnit.objects.values_list("pk", flat=True))
        return list(self.units.values_list("pk", flat=True))

    @cached_property
    def role_names(self) -> frozenset[str]:
        """Return the codes of the user's roles."""
        return frozenset(self.groups.values_list("name", flat=True))

    def has_role(self, role: Role) -> bool:
        return role.value in self.role_names

    @property
    def is_limited_to_portfolio(self) -> bool:
        """Return whether the user sees own customers only (a salesperson with no wider role)."""
        return (
            not self.is_superuser
            and bool(self.role_names)
            and self.role_names <= {Role.SALESPERSON.value}
        )


class ApiToken(models.Model):
    """A program's key to the API: only its digest is kept, the token is shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class LoginFailure(models.Model):
    """One wrong password; too many within the window lock the name or the address out."""

    username_key = models.CharField(max_length=150)
    address = models.CharField(max_length=45)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["username_key", "at"], name="login_failure_user"),
            models.Index(fields=["address", "at"], name="login_failure_address"),
        ]

    def __str__(self) -> str:
        return f"{self.username_key} {self.at}"
