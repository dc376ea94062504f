"""The customer master. A customer belongs to one business unit; a group may span units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit
from customers.models.terms import PaymentTerms

if TYPE_CHECKING:
    from config.core.models import User


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> CustomerQuerySet:
        """Limit to the user's business units and, for a salesperson, to the own portfolio."""
        visible = self if user.sees_all_units else self.filter(unit__in=user.unit_ids())
        return visible.filter(sales_owner=user) if user.is_limited_to_portfolio else visible

    def matching(self, text: str) -> CustomerQuerySet:
        """Limit to customers whose code, name, pinyin or USCC contains `text`."""
        needle = text.strip()
        folded = needle.lower().replace(" ", "")
        return self.filter(
            Q(code__icontains=needle)
            | Q(name__icontains=needle)
            | Q(name_en__icontains=needle)
            | Q(short_name__icontains=needle)
            | Q(uscc__istartswith=needle)
            | Q(search_keys__contains=folded)
        )


class Customer(models.Model):
    class Kind(models.TextChoices):
        COMPANY = "company", _("Company")
        PUBLIC_BODY = "public_body", _("Public body")
        SOLE_TRADER = "sole_trader", _("Sole trader")
        FOREIGN = "foreign", _("Foreign customer")
        RELATED_PARTY = "related_party", _("Related party")

    class SizeClass(models.TextChoices):
        LARGE = "large", _("Large")
        MEDIUM = "medium", _("Medium")
        SMALL = "small", _("Small")
        MICRO = "micro", _("Micro")

    class Segment(models.TextChoices):
        KEY = "key", _("Key customer")
        GROWTH = "growth", _("Growth customer")
        REGULAR = "regular", _("Regular customer")
        WATCH = "watch", _("Watched customer")
        EXIT = "exit", _("Customer to leave")

    class Status(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        ACTIVE = "active", _("Active")
        DORMANT = "dormant", _("Dormant")
        CLOSED = "closed", _("Closed")

    unit = models.ForeignKey(
        BusinessUnit,
        verbose_name=_("business unit"),
        on_delete=models.PROTECT,
        related_name="customers",
    )
    code = models.CharField(_("code"), max_length=40)
    # The code as it is compared: full-width, case and invisible characters folded.
    code_key = models.CharField(max_length=40, editable=False)
    name = models.CharField(_("name"), max_length=200)
    short_name = models.CharField(_("short name"), max_length=60, blank=True)
    name_en = models.CharField(_("English name"), max_length=200, blank=True)
    # Pinyin, full and initials, of all readings; written by the service, corrected by the user.
    search_keys = models.CharField(max_length=600, blank=True, editable=False)
    sort_key = models.CharField(_("sort key (pinyin)"), max_length=200, blank=True)
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    tax_number = models.CharField(_("foreign registration number"), max_length=40, blank=True)
    kind = models.CharField(_("kind"), max_length=15, choices=Kind.choices, default=Kind.COMPANY)
    size_class = models.CharField(
        _("size class"), max_length=6, choices=SizeClass.choices, blank=True
    )
    segment = models.CharField(
        _("segment"), max_length=8, choices=Segment.choices, default=Segment.REGULAR
    )
    industry = models.CharField(_("industry"), max_length=60, blank=True)
    region = models.CharField(_("region"), max_length=60, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    legal_representative = models.CharField(_("legal representative"), max_length=60, blank=True)
    actual_controller = models.CharField(_("actual controller"), max_length=100, blank=True)
    established_on = models.DateField(_("established on"), null=True, blank=True)
    registered_capital = models.DecimalField(
        _("registered capital"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    paid_in_capital = models.DecimalField(
        _("paid-in capital"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("group parent"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="members",
    )
    payment_terms = models.ForeignKey(
        PaymentTerms,
        verbose_name=_("payment terms"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="customers",
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    sales_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("sales owner"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="sold_to",
    )  # fmt: skip
    collector = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("collector"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="collects_from",
    )  # fmt: skip
    status = models.CharField(
        _("status"), max_length=8, choices=Status.choices, default=Status.ACTIVE
    )
    customer_since = models.DateField(_("customer since"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(fields=["unit", "code_key"], name="customer_code_once_a_unit"),
            models.UniqueConstraint(
                fields=["unit", "uscc"], condition=~Q(uscc=""), name="customer_uscc_once_a_unit"
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | ~Q(parent=F("id")), name="customer_not_own_parent"
            ),
        ]
        indexes = [
            models.Index(fields=["unit", "sort_key", "id"], name="customer_sorted"),
            # For those who see all units.
            models.Index(fields=["sort_key", "id"], name="customer_sorted_all"),
            models.Index(fields=["code_key", "id"], name="customer_by_code"),
            models.Index(fields=["sales_owner"], name="customer_sales_owner"),
            models.Index(fields=["collector"], name="customer_collector"),
        ]

    def __str__(self) -> str:
        return self.name
