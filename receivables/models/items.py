"""Open items: one table for everything a customer owes or is owed; allocations.py says what pays what.

Posted is final: a trigger refuses any change of what was posted, and every deletion. What was open
on day D is `amount` less the allocations effective on or before D; `open_amount` is the same for
"all allocations there are", kept under lock and proved by `verify_ledger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from config.core.models import BusinessUnit
from config.core.models.triggers import no_truncate
from config.core.models.units import currency_validator
from config.core.money import MAX_AMOUNT, ZERO
from customers.models import Customer

if TYPE_CHECKING:
    from datetime import date

    from config.core.models import User
    from receivables.models.allocations import Allocation

MONEY = models.DecimalField(max_digits=18, decimal_places=2)


class OpenItemQuerySet(models.QuerySet["OpenItem"]):
    def visible_to(self, user: User) -> OpenItemQuerySet:
        """Limit to the user's business units and, for a salesperson, to the own customers."""
        visible = self if user.sees_all_units else self.filter(unit__in=user.unit_ids())
        return (
            visible.filter(customer__sales_owner=user) if user.is_limited_to_portfolio else visible
        )

    def open(self) -> OpenItemQuerySet:
        """Limit to items with something left, as of now."""
        return self.exclude(open_amount=0)

    def debits(self) -> OpenItemQuerySet:
        return self.filter(direction=OpenItem.Direction.DEBIT)

    def credits(self) -> OpenItemQuerySet:
        return self.filter(direction=OpenItem.Direction.CREDIT)

    def open_as_of(self, day: date) -> OpenItemQuerySet:
        """Limit to what was posted by `day` and annotate `open_as_of`: what was open at its end."""
        later = _applied_after(day)
        applied = Case(
            When(direction=OpenItem.Direction.DEBIT, then=_sum_of(later, "debit_item")),
            default=_sum_of(later, "credit_item"),
        )
        return self.filter(posting_date__lte=day).annotate(open_as_of=F("open_amount") + applied)

    def was_open_on(self, day: date) -> OpenItemQuerySet:
        """Limit to items that had something left at the end of `day`."""
        later = _applied_after(day)
        settled_since = Q(pk__in=_applied(later, "debit_item")) | Q(
            pk__in=_applied(later, "credit_item")
        )
        taken_back = later.filter(amount__lt=0)
        # Sums are looked up only where a credit was taken back since; elsewhere the sets decide.
        is_odd = Q(pk__in=taken_back.values("debit_item")) | Q(
            pk__in=taken_back.values("credit_item")
        )
        candidates = self.filter(~Q(open_amount=0) | settled_since).open_as_of(day)
        left = Case(When(is_odd, then=F("open_as_of")), default=Value(1, output_field=MONEY))
        return candidates.annotate(_left=left).exclude(_left=0)


def _applied_after(day: date) -> models.QuerySet[Allocation]:
    # By name: an allocation is made of items, so its module imports this one.
    found: models.QuerySet[Allocation] = apps.get_model("receivables", "Allocation").objects.all()
    return found.filter(effective_date__gt=day).order_by()


def _applied(
    allocations: models.QuerySet[Allocation], side: str
) -> models.QuerySet[Allocation, dict[str, Any]]:
    """Return the items of one side that something is left applied to."""
    return allocations.values(side).annotate(applied=Sum("amount")).exclude(applied=0).values(side)


def _sum_of(allocations: models.QuerySet[Allocation], side: str) -> Coalesce:
    of_item = allocations.filter(**{side: OuterRef("pk")}).values(side)
    return Coalesce(
        Subquery(of_item.annotate(applied=Sum("amount")).values("applied")),
        ZERO,
        output_field=MONEY,
    )


class OpenItem(models.Model):
    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        DEBIT_NOTE = "debit_note", _("Debit note")
        OPENING = "opening", _("Opening balance")
        INTEREST = "interest", _("Late-payment interest")
        RETENTION = "retention", _("Retention money")
        REFUND = "refund", _("Refund to the customer")
        CREDIT_NOTE = "credit_note", _("Credit note")
        RECEIPT = "receipt", _("Receipt")
        BILL = "bill", _("Acceptance bill")
        WRITE_OFF = "write_off", _("Write-off")
        REVERSAL = "reversal", _("Reversal")

    class Direction(models.TextChoices):
        DEBIT = "debit", _("Debit")
        CREDIT = "credit", _("Credit")

    class Cause(models.TextChoices):
        """欠款类型: why an item is not paid."""

        NONE = "", _("Not classified")
        NORMAL_DELAY = "normal_delay", _("Normal delay")
        DISPUTE = "dispute", _("Dispute")
        QUALITY = "quality", _("Quality or delivery complaint")
        PROCEDURE = "procedure", _("Procedure or documents")
        DIFFICULTY = "difficulty", _("Payment difficulty")
        BAD_FAITH = "bad_faith", _("Bad faith")
        LOST_CONTACT = "lost_contact", _("Lost contact")
        LITIGATION = "litigation", _("Litigation")
        INSOLVENCY = "insolvency", _("Insolvency")
        RELATED_PARTY = "related_party", _("Related party")
        OUR_FAULT = "our_fault", _("Our own fault")

    DEBIT_KINDS = frozenset({"invoice", "debit_note", "opening", "interest", "retention", "refund"})
    CREDIT_KINDS = frozenset({"credit_note", "receipt", "bill", "write_off"})

    unit = models.ForeignKey(
        BusinessUnit, verbose_name=_("business unit"), on_delete=models.PROTECT, related_name="+"
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="items"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    direction = models.CharField(_("direction"), max_length=6, choices=Direction.choices)
    source = models.CharField(_("source"), max_length=20, default="ledger")
    number = models.CharField(_("document number"), max_length=60)
    # The number as it is compared: full-width, case and invisible characters folded.
    number_key = models.CharField(max_length=60, editable=False)
    instalment = models.PositiveSmallIntegerField(_("instalment"), default=1)
    document_date = models.DateField(_("document date"))
    posting_date = models.DateField(_("posting date"))
    due_date = models.DateField(_("due date"))
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_validator])
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    open_amount = models.DecimalField(_("open amount"), max_digits=18, decimal_places=2)
    cause = models.CharField(
        _("arrears type"), max_length=15, choices=Cause.choices, blank=True, default=""
    )
    order_reference = models.CharField(_("order"), max_length=60, blank=True)
    contract_reference = models.CharField(_("contract"), max_length=60, blank=True)
    text = models.CharField(_("text"), max_length=200, blank=True)
    reverses = models.OneToOneField(
        "self",
        verbose_name=_("reverses"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reversed_by",
    )
    batch = models.ForeignKey(
        "receivables.ImportBatch",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="items",
        db_index=False,
    )
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    objects = OpenItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("open item")
        verbose_name_plural = _("open items")
        permissions = [
            ("view_aging", "See the aging and its figures"),
            ("post_openitem", "Post items into the ledger"),
            ("post_receipt", "Post receipts"),
            ("reverse_openitem", "Reverse posted items"),
            ("allocate_openitem", "Apply receipts and credits"),
            ("classify_openitem", "Set the arrears type"),
            ("verify_ledger", "Prove the ledger"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "source", "number_key", "instalment"], name="item_number_once"
            ),
            # The upper bound also refuses NaN, which PostgreSQL sorts above every number.
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=MAX_AMOUNT), name="item_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(open_amount__gte=0, open_amount__lte=F("amount")),
                name="item_open_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(
                    direction="debit",
                    kind__in=[
                        "invoice",
                        "debit_note",
                        "opening",
                        "interest",
                        "retention",
                        "refund",
                        "reversal",
                    ],
                )
                | Q(
                    direction="credit",
                    kind__in=["credit_note", "receipt", "bill", "write_off", "reversal", "opening"],
                ),
                name="item_kind_fits_direction",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="item_currency"
            ),
            models.CheckConstraint(
                condition=(Q(kind="reversal") & Q(reverses__isnull=False))
                | (~Q(kind="reversal") & Q(reverses=None)),
                name="item_reversal_names_its_item",
            ),
        ]
        indexes = [
            # Serves aging as of today without touching the table (DESIGN.md 8).
            models.Index(
                fields=["unit", "customer", "due_date"],
                include=[
                    "open_amount",
                    "document_date",
                    "currency",
                    "direction",
                    "kind",
                    "posting_date",
                ],
                condition=~Q(open_amount=0),
                name="item_open_covering",
            ),  # fmt: skip
            # The lists: of open items (with their totals), of all items, of credits to be applied.
            models.Index(
                fields=["due_date", "id"],
                include=[
                    "unit",
                    "open_amount",
                    "currency",
                    "direction",
                    "kind",
                    "cause",
                    "posting_date",
                    "customer",
                ],
                condition=~Q(open_amount=0),
                name="item_open_by_due",
            ),  # fmt: skip
            models.Index(fields=["due_date", "id"], name="item_by_due"),
            models.Index(fields=["posting_date", "id"], name="item_newest"),
            models.Index(
                fields=["posting_date", "id"],
                include=[
                    "unit",
                    "open_amount",
                    "amount",
                    "currency",
                    "direction",
                    "kind",
                    "document_date",
                    "customer",
                ],
                condition=~Q(open_amount=0)
                & Q(kind__in=["receipt", "bill", "credit_note", "write_off"]),
                name="item_credits_open",
            ),  # fmt: skip
            # The work queue shows the largest first.
            models.Index(
                fields=["-open_amount", "id"],
                condition=~Q(open_amount=0),
                name="item_open_largest",
            ),  # fmt: skip
            # Sales of a period look at reversals apart.
            models.Index(
                fields=["unit", "posting_date"], condition=Q(kind="reversal"), name="item_reversals"
            ),
            models.Index(fields=["customer", "posting_date", "id"], name="item_ledger"),
            models.Index(
                fields=["unit", "posting_date", "id"],
                include=["direction", "kind", "amount", "currency", "customer"],
                name="item_by_posting",
            ),  # fmt: skip
            models.Index(fields=["number_key"], name="item_number"),
        ]
        triggers = [
            pgtrigger.Protect(name="item_no_delete", operation=pgtrigger.Delete),
            no_truncate("item_no_truncate"),
            pgtrigger.Protect(
                name="item_posted_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "unit", "customer", "kind", "direction", "source", "number", "number_key", "instalment",
                    "document_date", "posting_date", "due_date", "currency", "amount", "reverses", "batch",
                    "recorded_by", "recorded_at",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def is_debit(self) -> bool:
        return self.direction == self.Direction.DEBIT

    @property
    def is_open(self) -> bool:
        return self.open_amount != 0
