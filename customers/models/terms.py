"""Payment terms as data: the rule by which a document's due dates follow from its date."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from customers.domain.terms import BaseEvent, HolidayRule, InstalmentKind


class PaymentTerms(models.Model):
    """Base event → cut-off → end of month → months and days → pay days → grace → holiday rule."""

    code = models.CharField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80, blank=True)
    base_event = models.CharField(
        _("counted from"),
        max_length=20,
        choices=[(e.value, e.value) for e in BaseEvent],
        default=BaseEvent.INVOICE.value,
    )
    # An event after this day of the month counts for the next month; empty: no cut-off.
    cut_off_day = models.PositiveSmallIntegerField(
        _("cut-off day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
    )
    end_of_month = models.BooleanField(_("from the end of the month"), default=False)
    months = models.PositiveSmallIntegerField(
        _("months"), default=0, validators=[MaxValueValidator(60)]
    )
    days = models.PositiveSmallIntegerField(
        _("days"), default=0, validators=[MaxValueValidator(1830)]
    )
    pay_days = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(31)]),
        verbose_name=_("fixed pay days"), default=list, blank=True,
    )  # fmt: skip
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"), default=0, validators=[MaxValueValidator(365)]
    )
    holiday_rule = models.CharField(
        _("holiday rule"), max_length=12, choices=[(r.value, r.value) for r in HolidayRule],
        default=HolidayRule.UNCHANGED.value,
    )  # fmt: skip
    discount_percent = models.DecimalField(
        _("cash discount, %"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    discount_days = models.PositiveSmallIntegerField(_("discount days"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("payment terms")
        verbose_name_plural = _("payment terms")
        constraints = [
            models.CheckConstraint(
                condition=Q(discount_percent=None, discount_days=None)
                | Q(discount_percent__gt=0, discount_percent__lt=100, discount_days__isnull=False),
                name="terms_discount_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.get_name()

    def get_name(self) -> str:
        return (
            self.name_en
            if self.name_en and not (get_language() or "").startswith("zh")
            else self.name
        )


class PaymentTermsInstalment(models.Model):
    """One part of the amount with its own due date; without rows, the whole is due at once."""

    terms = models.ForeignKey(PaymentTerms, on_delete=models.CASCADE, related_name="instalments")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(
        _("kind"),
        max_length=12,
        choices=[(k.value, k.value) for k in InstalmentKind],
        default=InstalmentKind.REGULAR.value,
    )
    percent = models.DecimalField(_("share, %"), max_digits=7, decimal_places=4)
    months = models.PositiveSmallIntegerField(_("months"), default=0)
    days = models.PositiveSmallIntegerField(_("days"), default=0)

    class Meta:
        verbose_name = _("instalment")
        verbose_name_plural = _("instalments")
        constraints = [
            models.UniqueConstraint(fields=["terms", "position"], name="instalment_position_once"),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100), name="instalment_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"
