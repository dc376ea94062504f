"""Business units: the legal entities that own customers and ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from config.core.models.users import User

currency_validator = RegexValidator(
    r"^[A-Z]{3}$", _("A currency is three capital letters, such as CNY.")
)


class BusinessUnitQuerySet(models.QuerySet["BusinessUnit"]):
    def visible_to(self, user: User) -> BusinessUnitQuerySet:
        """Limit to the units whose rows `user` may see."""
        if user.sees_all_units:
            return self
        return self.filter(pk__in=user.unit_ids())


class BusinessUnit(models.Model):
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    base_currency = models.CharField(
        _("base currency"), max_length=3, default="CNY", validators=[currency_validator]
    )
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BusinessUnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("business unit")
        verbose_name_plural = _("business units")

    def __str__(self) -> str:
        return self.name
