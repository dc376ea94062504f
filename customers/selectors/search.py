"""What the search for everything finds among customers."""

from __future__ import annotations

from django.urls import reverse

from config.core.models import User
from config.core.search import Hit
from customers.selectors.customers import suggest


def find(*, user: User, query: str, limit: int) -> list[Hit]:
    """This function will return the customers that `query` means, the closest first."""
    return [
        Hit(
            label=customer.name,
            url=reverse("customers:detail", args=[customer.pk]),
            note=" · ".join(filter(None, (customer.code, customer.uscc))),
        )
        for customer in suggest(user=user, text=query, limit=limit)
    ]
