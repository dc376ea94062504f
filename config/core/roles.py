"""The roles of the credit and receivables department, their rights, and which exclude each other."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    CREDIT_MANAGER = "credit_manager"
    CREDIT_ANALYST = "credit_analyst"
    AR_ACCOUNTANT = "ar_accountant"
    CASHIER = "cashier"
    COLLECTOR = "collector"
    SALESPERSON = "salesperson"
    FINANCE_MANAGER = "finance_manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    INTEGRATION = "integration"


# Permissions every signed-in person of the department has: to see.
VIEW = (
    "customers.view_customer",
    "customers.view_paymentterms",
    "receivables.view_openitem",
    "receivables.view_aging",
    "receivables.view_overduealert",
    "receivables.view_agingscheme",
    "core.view_businessunit",
    "core.view_exchangerate",
    "core.view_calendarday",
    "core.view_accountingperiod",
)
EDIT_CUSTOMERS = ("customers.change_customer",)
KEEP_LEDGER = (
    "receivables.post_openitem",
    "receivables.reverse_openitem",
    "receivables.allocate_openitem",
)
IMPORT = ("receivables.view_importbatch", "receivables.import_data")
HANDLE_ALERTS = ("receivables.handle_overduealert",)

ROLE_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.CREDIT_MANAGER: (
        *VIEW, *EDIT_CUSTOMERS, *HANDLE_ALERTS, "receivables.view_importbatch",
        "customers.change_paymentterms", "receivables.change_alertrule", "receivables.change_agingscheme",
        "receivables.run_review", "receivables.classify_openitem",
    ),
    Role.CREDIT_ANALYST: (*VIEW, *EDIT_CUSTOMERS, *HANDLE_ALERTS, "receivables.classify_openitem"),
    Role.AR_ACCOUNTANT: (
        *VIEW, *EDIT_CUSTOMERS, *KEEP_LEDGER, *IMPORT, *HANDLE_ALERTS, "receivables.classify_openitem",
        "core.close_accountingperiod", "core.request_periodreopening", "core.change_exchangerate",
        "receivables.verify_ledger",
    ),
    Role.CASHIER: (*VIEW, "receivables.post_receipt", *IMPORT),
    Role.COLLECTOR: (*VIEW, *HANDLE_ALERTS, "receivables.classify_openitem"),
    Role.SALESPERSON: (
        "customers.view_customer", "customers.view_paymentterms", "receivables.view_openitem",
        "receivables.view_aging", "receivables.view_overduealert", "receivables.view_agingscheme",
        "receivables.handle_overduealert", "core.view_businessunit", "core.view_exchangerate",
        "core.view_calendarday", "core.view_accountingperiod",
    ),
    Role.FINANCE_MANAGER: (
        *VIEW, *HANDLE_ALERTS, *IMPORT, "core.close_accountingperiod", "core.request_periodreopening",
        "core.decide_periodreopening", "core.change_exchangerate", "core.change_calendarday",
        "receivables.change_agingscheme", "receivables.change_alertrule", "receivables.run_review",
        "receivables.verify_ledger", "core.view_auditevent", "core.view_job",
        "customers.change_paymentterms",
    ),
    Role.AUDITOR: (
        *VIEW, "core.view_auditevent", "core.view_job", "core.view_user", "receivables.view_importbatch",
        "receivables.verify_ledger",
    ),
    Role.ADMINISTRATOR: (
        "core.view_user", "core.change_user", "core.view_businessunit", "core.change_businessunit",
        "core.change_calendarday", "core.view_calendarday", "core.view_exchangerate", "core.view_job",
        "core.view_accountingperiod", "core.view_auditevent", "core.view_outboxmessage", "core.change_outboxmessage",
    ),
    Role.INTEGRATION: (
        *VIEW, *EDIT_CUSTOMERS, *IMPORT, "receivables.post_openitem", "receivables.post_receipt",
        "receivables.allocate_openitem", "receivables.reverse_openitem",
    ),
}  # fmt: skip

# Who holds the one may not hold the other: sales, cash, ledger and credit are apart (domain.md 7).
ROLE_CONFLICTS: tuple[tuple[Role, Role], ...] = (
    (Role.SALESPERSON, Role.CREDIT_MANAGER),
    (Role.SALESPERSON, Role.CREDIT_ANALYST),
    (Role.SALESPERSON, Role.AR_ACCOUNTANT),
    (Role.SALESPERSON, Role.CASHIER),
    (Role.SALESPERSON, Role.FINANCE_MANAGER),
    (Role.CASHIER, Role.AR_ACCOUNTANT),
    (Role.CASHIER, Role.CREDIT_MANAGER),
    (Role.CASHIER, Role.FINANCE_MANAGER),
    (Role.COLLECTOR, Role.CASHIER),
    (Role.ADMINISTRATOR, Role.CREDIT_MANAGER),
    (Role.ADMINISTRATOR, Role.FINANCE_MANAGER),
    (Role.ADMINISTRATOR, Role.AR_ACCOUNTANT),
    (Role.ADMINISTRATOR, Role.CASHIER),
    (Role.ADMINISTRATOR, Role.INTEGRATION),
    *((Role.AUDITOR, role) for role in Role if role is not Role.AUDITOR),
)

LABELS = {
    Role.CREDIT_MANAGER: _("Credit manager"),
    Role.CREDIT_ANALYST: _("Credit analyst"),
    Role.AR_ACCOUNTANT: _("AR accountant"),
    Role.CASHIER: _("Cashier"),
    Role.COLLECTOR: _("Collector"),
    Role.SALESPERSON: _("Salesperson"),
    Role.FINANCE_MANAGER: _("Finance manager"),
    Role.AUDITOR: _("Auditor"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.INTEGRATION: _("Integration"),
}


def label_of(role: Role) -> object:
    """Return what people call the role, in the language that is active when it is shown."""
    return LABELS[role]


def conflict_of(roles: Collection[Role]) -> tuple[Role, Role] | None:
    """Return the first two of `roles` that one person may not hold together, or None."""
    held = set(roles)
    return next((pair for pair in ROLE_CONFLICTS if set(pair) <= held), None)
