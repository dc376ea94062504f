"""Customers that an imported ledger names and the unit does not have yet."""

from __future__ import annotations

from django.db import connection

from config.core.models import BusinessUnit, User
from config.core.services import audit
from customers.domain import pinyin
from customers.models import Customer


def create_missing(*, unit: BusinessUnit, currency: str, actor: User | None) -> int:
    """This function will create the staged customers that are unknown, by code and first name; it returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.code, m.code_key, m.name FROM import_customers m WHERE m.customer_id IS NULL AND EXISTS"
            " (SELECT 1 FROM import_rows s WHERE s.customer_no = m.customer_no) ORDER BY m.customer_no"
        )
        missing = cursor.fetchall()
    rows = [_customer(unit, currency, code, key, name or code) for code, key, name in missing]
    Customer.objects.bulk_create(rows, batch_size=1000)
    audit.record_many(
        actor=actor,
        action="customer.created",
        changes=[
            audit.Change(row, after={"code": row.code, "name": row.name, "by": "import"})
            for row in rows
        ],
        unit=unit,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_customers m SET customer_id = c.id FROM customers_customer c"
            " WHERE m.customer_id IS NULL AND c.unit_id = %s AND c.code_key = m.code_key",
            [unit.pk],
        )
    return len(rows)


def _customer(unit: BusinessUnit, currency: str, code: str, key: str, name: str) -> Customer:
    return Customer(
        unit=unit,
        code=code,
        code_key=key,
        name=name[:200],
        currency=currency,
        sort_key=pinyin.sort_key(name)[:200],
        search_keys=pinyin.search_keys(name)[:600],
    )
