"""Exchange rates by date: one unit of `currency` is `rate` units of `base`, from that day on."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.core.models.units import currency_validator


class ExchangeRate(models.Model):
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_validator])
    base = models.CharField(_("into"), max_length=3, default="CNY", validators=[currency_validator])
    date = models.DateField(_("from"))
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=8)
    source = models.CharField(_("source"), max_length=80, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["currency", "base", "date"], name="rate_once_a_day"),
            models.CheckConstraint(condition=Q(rate__gt=0, rate__lt=10**9), name="rate_positive"),
            models.CheckConstraint(condition=~Q(currency=F("base")), name="rate_between_two"),
        ]

    def __str__(self) -> str:
        return f"{self.currency}/{self.base} {self.date}"
