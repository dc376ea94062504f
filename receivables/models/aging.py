"""Aging schemes: the buckets, defined once and used by every report, page and API."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class AgingScheme(models.Model):
    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("aging scheme")
        verbose_name_plural = _("aging schemes")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="scheme_one_default"
            )
        ]

    def __str__(self) -> str:
        return self.get_name()

    def get_name(self) -> str:
        return (
            self.name_en
            if self.name_en and not (get_language() or "").startswith("zh")
            else self.name
        )


class AgingBucket(models.Model):
    """One bucket, in order. `upper` is inclusive, in days or in years (anniversaries); None: no end.

    The first bucket of a scheme is "not due": days overdue of 0 or less.
    """

    class UpperUnit(models.TextChoices):
        DAYS = "days", _("days")
        YEARS = "years", _("years")

    scheme = models.ForeignKey(AgingScheme, on_delete=models.CASCADE, related_name="buckets")
    position = models.PositiveSmallIntegerField()
    code = models.SlugField(_("code"), max_length=20)
    label = models.CharField(_("label"), max_length=30)
    label_en = models.CharField(_("English label"), max_length=30, blank=True)
    upper = models.PositiveIntegerField(_("up to"), null=True, blank=True)
    upper_unit = models.CharField(max_length=5, choices=UpperUnit.choices, default=UpperUnit.DAYS)

    class Meta:
        verbose_name = _("aging bucket")
        verbose_name_plural = _("aging buckets")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "position"], name="bucket_position_once"),
            models.UniqueConstraint(fields=["scheme", "code"], name="bucket_code_once"),
        ]

    def __str__(self) -> str:
        return self.label
