"""Filters of the lists of the API."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest

from config.core.models import BusinessUnit, User
from customers.domain import uscc
from customers.models import Customer, CustomerQuerySet, PaymentTerms
from customers.selectors import people


def visible_units(request: HttpRequest | None) -> QuerySet[BusinessUnit]:
    if request is None or not isinstance(request.user, User):
        return BusinessUnit.objects.none()
    return BusinessUnit.objects.visible_to(request.user)


def known_people(request: HttpRequest | None) -> QuerySet[User]:
    if request is None or not isinstance(request.user, User):
        return User.objects.none()
    return people.colleagues(user=request.user)


def visible_customers(request: HttpRequest | None) -> QuerySet[Customer]:
    if request is None or not isinstance(request.user, User):
        return Customer.objects.none()
    return Customer.objects.visible_to(request.user)


class CustomerFilter(django_filters.FilterSet):
    unit = django_filters.ModelChoiceFilter(
        queryset=visible_units, to_field_name="code", help_text="Code of the business unit."
    )
    code = django_filters.CharFilter(max_length=40, lookup_expr="iexact")
    uscc = django_filters.CharFilter(max_length=40, method="filter_uscc")
    kind = django_filters.ChoiceFilter(choices=Customer.Kind.choices)
    size_class = django_filters.ChoiceFilter(choices=Customer.SizeClass.choices)
    segment = django_filters.MultipleChoiceFilter(choices=Customer.Segment.choices)
    status = django_filters.MultipleChoiceFilter(choices=Customer.Status.choices)
    industry = django_filters.CharFilter(max_length=60)
    region = django_filters.CharFilter(max_length=60)
    sales_owner = django_filters.ModelChoiceFilter(
        queryset=known_people, to_field_name="username", help_text="User name."
    )
    collector = django_filters.ModelChoiceFilter(
        queryset=known_people, to_field_name="username", help_text="User name."
    )
    payment_terms = django_filters.ModelChoiceFilter(
        queryset=PaymentTerms.objects.all(), to_field_name="code", help_text="Code."
    )
    parent = django_filters.ModelChoiceFilter(
        queryset=visible_customers, help_text="Id of the group parent."
    )
    q = django_filters.CharFilter(
        max_length=100, method="filter_q", help_text="Code, name, pinyin or USCC contains this."
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def filter_q(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        return queryset.matching(value)

    def filter_uscc(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        return queryset.filter(uscc=uscc.normalise(value))


class TermsFilter(django_filters.FilterSet):
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = PaymentTerms
        fields: list[str] = []
