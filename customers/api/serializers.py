"""Shapes of customers, contacts and payment terms in JSON. They check and never save."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.core.money import ZERO
from config.core.serializers import (
    AmountField,
    CurrencyField,
    IsoDateField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
    TextField,
)
from customers.api.fields import CustomerField, PersonField, TermsField, UnitField
from customers.domain import terms as engine
from customers.models import Contact, Customer

MAX_BULK = 1000


def _values(choices: type) -> list[str]:
    return [member.value for member in choices]  # type: ignore[attr-defined]


class PercentField(serializers.DecimalField):
    """A percentage as a string such as "33.3333"."""

    def __init__(self, *, places: int, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal(0))
        kwargs.setdefault("max_value", Decimal(100))
        super().__init__(max_digits=3 + places, decimal_places=places, **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class CustomerInput(StrictSerializer):
    """What is written of a customer. `unit` and `status` are only for a new one."""

    unit = UnitField(help_text="Code of the business unit.")
    code = TextField(max_length=40)
    name = TextField(max_length=200)
    short_name = TextField(max_length=60, required=False, allow_blank=True)
    name_en = TextField(max_length=200, required=False, allow_blank=True)
    sort_key = TextField(max_length=200, required=False, allow_blank=True)
    uscc = TextField(max_length=40, required=False, allow_blank=True)
    tax_number = TextField(max_length=40, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=Customer.Kind.choices, required=False)
    size_class = serializers.ChoiceField(
        choices=Customer.SizeClass.choices, required=False, allow_blank=True
    )
    segment = serializers.ChoiceField(choices=Customer.Segment.choices, required=False)
    industry = TextField(max_length=60, required=False, allow_blank=True)
    region = TextField(max_length=60, required=False, allow_blank=True)
    address = TextField(max_length=300, required=False, allow_blank=True)
    legal_representative = TextField(max_length=60, required=False, allow_blank=True)
    actual_controller = TextField(max_length=100, required=False, allow_blank=True)
    established_on = IsoDateField(required=False, allow_null=True)
    registered_capital = AmountField(required=False, allow_null=True, minimum=ZERO)
    paid_in_capital = AmountField(required=False, allow_null=True, minimum=ZERO)
    parent = CustomerField(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="Id of the group parent."
    )
    payment_terms = TermsField(required=False, allow_null=True, help_text="Code.")
    currency = CurrencyField(required=False)
    sales_owner = PersonField(required=False, allow_null=True, help_text="User name.")
    collector = PersonField(required=False, allow_null=True, help_text="User name.")
    customer_since = IsoDateField(required=False, allow_null=True)
    note = TextField(max_length=2000, required=False, allow_blank=True, multiline=True)
    status = serializers.ChoiceField(choices=Customer.Status.choices, required=False)


class CustomerChangeInput(CustomerInput):
    """A change: any of the members, but neither unit nor status."""

    unit = None  # type: ignore[assignment]
    status = None  # type: ignore[assignment]


class SimilarOutput(StrictSerializer):
    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    likeness = serializers.ChoiceField(choices=["same_uscc", "same_name"])


class CustomerOutput(CustomerInput):
    """A customer as it is read; see `customers.api.rows`."""

    id = serializers.IntegerField(read_only=True)
    parent = serializers.IntegerField(allow_null=True)  # type: ignore[assignment]
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class CreatedCustomerOutput(CustomerOutput):
    similar = SimilarOutput(many=True, help_text="Customers that may be the same company.")
    warnings = serializers.ListField(child=serializers.CharField())


class StatusInput(StrictSerializer):
    status = serializers.ChoiceField(choices=Customer.Status.choices)
    reason = TextField(max_length=500)


class AssignmentInput(StrictSerializer):
    """Hand customers over: name a sales owner, a collector, or both (null: nobody)."""

    customers = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MAX_BULK,
    )
    sales_owner = PersonField(required=False, allow_null=True)
    collector = PersonField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not {"sales_owner", "collector"} & set(attrs):
            raise serializers.ValidationError(_("Name a sales owner or a collector."))
        return attrs


class AssignmentOutput(StrictSerializer):
    changed = serializers.IntegerField(help_text="How many responsibilities changed.")


class ContactInput(StrictSerializer):
    name = TextField(max_length=80)
    role = serializers.ChoiceField(choices=Contact.Role.choices, required=False)
    title = TextField(max_length=80, required=False, allow_blank=True)
    phone = TextField(max_length=40, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    is_primary = StrictBooleanField(required=False)
    note = TextField(max_length=300, required=False, allow_blank=True)


class ContactOutput(ContactInput):
    id = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(read_only=True)


class InstalmentInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=_values(engine.InstalmentKind), default="regular")
    percent = PercentField(places=4)
    months = StrictIntegerField(min_value=0, max_value=600, default=0)
    days = StrictIntegerField(min_value=0, max_value=3660, default=0)


class TermsInput(StrictSerializer):
    """Payment terms: base event → cut-off → month end → months, days → pay days → grace → holidays."""

    code = TextField(max_length=30)
    name = TextField(max_length=80)
    name_en = TextField(max_length=80, required=False, allow_blank=True)
    base_event = serializers.ChoiceField(choices=_values(engine.BaseEvent), required=False)
    cut_off_day = StrictIntegerField(min_value=1, max_value=31, required=False, allow_null=True)
    end_of_month = StrictBooleanField(required=False)
    months = StrictIntegerField(min_value=0, max_value=60, required=False)
    days = StrictIntegerField(min_value=0, max_value=1830, required=False)
    pay_days = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=31), max_length=31, required=False
    )
    grace_days = StrictIntegerField(min_value=0, max_value=365, required=False)
    holiday_rule = serializers.ChoiceField(choices=_values(engine.HolidayRule), required=False)
    discount_percent = PercentField(places=2, required=False, allow_null=True)
    discount_days = StrictIntegerField(min_value=0, max_value=1830, required=False, allow_null=True)
    is_active = StrictBooleanField(required=False)
    instalments = InstalmentInput(many=True, required=False, max_length=36)  # type: ignore[call-arg]


class TermsOutput(TermsInput):
    id = serializers.IntegerField(read_only=True)
    pay_days = serializers.ListField(child=serializers.IntegerField())
    instalments = InstalmentInput(many=True)
    version = serializers.IntegerField(read_only=True)


class PreviewInput(StrictSerializer):
    """`document_date` is the date of the base event; `acceptance_date` starts a retention period."""

    document_date = IsoDateField()
    amount = AmountField()
    acceptance_date = IsoDateField(required=False, allow_null=True)


class PreviewInstalmentOutput(StrictSerializer):
    position = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=_values(engine.InstalmentKind))
    amount = AmountField()
    due_date = IsoDateField()
    nominal_date = IsoDateField(help_text="The date before the holiday rule.")


class PreviewDiscountOutput(StrictSerializer):
    percent = PercentField(places=2)
    amount = AmountField()
    last_day = IsoDateField()


class PreviewOutput(StrictSerializer):
    document_date = IsoDateField()
    amount = AmountField()
    instalments = PreviewInstalmentOutput(many=True)
    discount = PreviewDiscountOutput(allow_null=True)
