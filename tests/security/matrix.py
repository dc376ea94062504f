"""Who may do what: every route and method, and the roles it is open to. Written by hand, on purpose.

The tests hold this table against the resolver, the OpenAPI document and the answers of the running
code; nothing here is read from the code's own declarations. A new route fails the tests until
somebody has decided here who may use it.
"""

from __future__ import annotations

CM, CA, AR, CASH = "credit_manager", "credit_analyst", "ar_accountant", "cashier"
COLL, SALES, FM, AUD = "collector", "salesperson", "finance_manager", "auditor"
ADM, INT = "administrator", "integration"
Roles = frozenset[str]


def _roles(*names: str) -> Roles:
    return frozenset(names)


EVERY = _roles(CM, CA, AR, CASH, COLL, SALES, FM, AUD, ADM, INT)
# Who works with customers and their ledger; the administrator does not see the business.
READERS = EVERY - {ADM}
EDIT_CUSTOMERS = _roles(CM, CA, AR, INT)
KEEP_TERMS = _roles(CM, FM)
POST_ITEMS = _roles(AR, INT)
REVERSE = _roles(AR, INT)
ALLOCATE = _roles(AR, INT)
POST_RECEIPTS = _roles(CASH, INT)
CLASSIFY = _roles(CM, CA, AR, COLL)
IMPORT = _roles(AR, CASH, FM, INT)
SEE_IMPORTS = IMPORT | {CM, AUD}
HANDLE_ALERTS = _roles(CM, CA, AR, COLL, SALES, FM)
KEEP_RULES = _roles(CM, FM)
KEEP_SCHEMES = _roles(CM, FM)
RUN_REVIEW = _roles(CM, FM)
PROVE = _roles(AR, FM, AUD)
CLOSE_MONTHS = _roles(AR, FM)
DECIDE_REOPENINGS = _roles(FM)
KEEP_RATES = _roles(AR, FM)
KEEP_CALENDAR = _roles(FM, ADM)
SEE_TRAIL = _roles(FM, AUD, ADM)
SEE_PEOPLE = _roles(AUD, ADM)
ADMINISTER = _roles(ADM)
# Open before the sign-in, too.
OPEN = "open"

Entry = dict[str, Roles | str]

# HTML pages, fragments, exports and files. "GET" stands for HEAD, too.
PAGES: dict[str, Entry] = {
    # Session and oneself
    "": {"GET": EVERY},
    "login/": {"GET": OPEN, "POST": OPEN},
    "logout/": {"POST": OPEN},
    "logout/everywhere/": {"POST": EVERY},
    "password/": {"GET": EVERY, "POST": EVERY},
    "language/": {"POST": OPEN},
    "theme/": {"POST": OPEN},
    "unit/": {"POST": EVERY},
    "views/save/": {"POST": EVERY},
    "views/<pk>/delete/": {"POST": EVERY},
    "views/columns/": {"POST": EVERY},
    "profile/": {"GET": EVERY, "POST": EVERY},
    "profile/tokens/": {"GET": EVERY, "POST": EVERY},
    "profile/tokens/<pk>/revoke/": {"POST": EVERY},
    "notifications/": {"GET": EVERY},
    "notifications/badge/": {"GET": EVERY},
    "notifications/read/": {"POST": EVERY},
    "notifications/<pk>/open/": {"POST": EVERY},
    "search/": {"GET": EVERY},
    "healthz": {"GET": OPEN},
    "readyz": {"GET": OPEN},
    # Settings
    "settings/": {"GET": EVERY},
    "settings/users/": {"GET": SEE_PEOPLE},
    "settings/users/new/": {"GET": ADMINISTER, "POST": ADMINISTER},
    "settings/users/<pk>/": {"GET": SEE_PEOPLE, "POST": ADMINISTER},
    "settings/users/<pk>/reset-password/": {"POST": ADMINISTER},
    "settings/users/<pk>/end-sessions/": {"POST": ADMINISTER},
    "settings/units/": {"GET": EVERY},
    "settings/units/new/": {"GET": ADMINISTER, "POST": ADMINISTER},
    "settings/units/<pk>/": {"GET": ADMINISTER, "POST": ADMINISTER},
    "settings/rates/": {"GET": EVERY, "POST": KEEP_RATES},
    "settings/rates/<pk>/": {"GET": KEEP_RATES, "POST": KEEP_RATES},
    "settings/rates/<pk>/remove/": {"POST": KEEP_RATES},
    "settings/calendar/": {"GET": EVERY, "POST": KEEP_CALENDAR},
    "settings/calendar/<pk>/forget/": {"POST": KEEP_CALENDAR},
    "settings/periods/": {"GET": EVERY},
    "settings/periods/<unit>/<month>/close/": {"POST": CLOSE_MONTHS},
    "settings/periods/<pk>/reopen/": {"POST": CLOSE_MONTHS},
    "settings/reopenings/<pk>/decide/": {"POST": DECIDE_REOPENINGS},
    "settings/audit/": {"GET": SEE_TRAIL},
    "settings/audit/<pk>/": {"GET": SEE_TRAIL},
    "settings/mail/": {"GET": ADMINISTER},
    "settings/mail/<pk>/decide/": {"POST": ADMINISTER},
    # Jobs: one's own; with the right to see jobs, those of one's units
    "jobs/": {"GET": EVERY},
    "jobs/<pk>/": {"GET": EVERY},
    "jobs/<pk>/progress/": {"GET": EVERY},
    "jobs/<pk>/cancel/": {"POST": EVERY},
    "jobs/<pk>/retry/": {"POST": EVERY},
    # Customers
    "customers/": {"GET": READERS},
    "customers/assign/": {"POST": EDIT_CUSTOMERS},
    "customers/options/": {"GET": READERS},
    "customers/new/": {"GET": EDIT_CUSTOMERS, "POST": EDIT_CUSTOMERS},
    "customers/hints/": {"GET": EDIT_CUSTOMERS},
    "customers/groups/": {"GET": READERS},
    "customers/terms/": {"GET": READERS},
    "customers/terms/new/": {"GET": KEEP_TERMS, "POST": KEEP_TERMS},
    "customers/terms/preview/": {"GET": READERS},
    "customers/terms/<pk>/": {"GET": KEEP_TERMS, "POST": KEEP_TERMS},
    "customers/terms/<pk>/delete/": {"POST": KEEP_TERMS},
    "customers/<pk>/": {"GET": READERS},
    "customers/<pk>/edit/": {"GET": EDIT_CUSTOMERS, "POST": EDIT_CUSTOMERS},
    "customers/<pk>/status/": {"POST": EDIT_CUSTOMERS},
    "customers/<pk>/history/": {"GET": READERS},
    "customers/<pk>/group/": {"POST": EDIT_CUSTOMERS},
    "customers/<pk>/contacts/": {"GET": READERS},
    "customers/<pk>/contacts/new/": {"POST": EDIT_CUSTOMERS},
    "customers/<pk>/contacts/<contact_pk>/": {"GET": EDIT_CUSTOMERS, "POST": EDIT_CUSTOMERS},
    "customers/<pk>/contacts/<contact_pk>/delete/": {"POST": EDIT_CUSTOMERS},
    # Receivables
    "receivables/aging/": {"GET": READERS},
    "receivables/aging/tie-out/": {"GET": READERS},
    "receivables/figures/": {"GET": READERS},
    "receivables/alerts/": {"GET": READERS},
    "receivables/alerts/acknowledge/": {"POST": HANDLE_ALERTS},
    "receivables/alerts/card/": {"GET": READERS},
    "receivables/alerts/rules/": {"GET": READERS},
    "receivables/alerts/rules/<pk>/": {"GET": KEEP_RULES, "POST": KEEP_RULES},
    "receivables/alerts/<pk>/": {"GET": READERS},
    "receivables/alerts/<pk>/acknowledge/": {"GET": HANDLE_ALERTS, "POST": HANDLE_ALERTS},
    "receivables/alerts/<pk>/close/": {"GET": HANDLE_ALERTS, "POST": HANDLE_ALERTS},
    "receivables/worklist/": {"GET": READERS},
    "receivables/reviews/": {"GET": READERS},
    "receivables/reviews/run/": {"POST": RUN_REVIEW},
    "receivables/items/": {"GET": READERS},
    "receivables/items/classify/": {"POST": CLASSIFY},
    "receivables/items/new/": {"GET": POST_ITEMS, "POST": POST_ITEMS},
    "receivables/items/due-dates/": {"GET": POST_ITEMS},
    "receivables/items/<pk>/": {"GET": READERS},
    "receivables/items/<pk>/reverse/": {"POST": REVERSE},
    "receivables/items/<pk>/classify/": {"POST": CLASSIFY},
    "receivables/items/<pk>/allocations/<allocation_pk>/take-back/": {"POST": ALLOCATE},
    "receivables/receipts/": {"GET": READERS},
    "receivables/receipts/new/": {"GET": POST_RECEIPTS, "POST": POST_RECEIPTS},
    "receivables/receipts/<pk>/": {"GET": READERS, "POST": ALLOCATE},
    "receivables/customers/<pk>/figures/": {"GET": READERS},
    "receivables/customers/<pk>/items/": {"GET": READERS},
    "receivables/customers/<pk>/ledger/": {"GET": READERS},
    "receivables/customers/<pk>/timeline/": {"GET": READERS},
    "receivables/customers/<pk>/aging/": {"GET": READERS},
    "receivables/aging-schemes/": {"GET": READERS},
    "receivables/aging-schemes/new/": {"GET": KEEP_SCHEMES, "POST": KEEP_SCHEMES},
    "receivables/aging-schemes/<code>/": {"GET": KEEP_SCHEMES, "POST": KEEP_SCHEMES},
    "receivables/aging-schemes/<code>/delete/": {"POST": KEEP_SCHEMES},
    "receivables/imports/": {"GET": SEE_IMPORTS},
    "receivables/imports/new/": {"GET": IMPORT, "POST": IMPORT},
    "receivables/imports/template/<kind>/": {"GET": IMPORT},
    "receivables/imports/<pk>/": {"GET": SEE_IMPORTS},
    "receivables/imports/<pk>/mapping/": {"GET": IMPORT, "POST": IMPORT},
    "receivables/imports/<pk>/start/": {"POST": IMPORT},
    "receivables/imports/<pk>/refused-rows/": {"GET": SEE_IMPORTS},
    "receivables/proof/": {"GET": PROVE},
    "receivables/proof/findings/": {"GET": PROVE},
}

# The REST API, below /api/v1/.
API: dict[str, Entry] = {
    "schema/": {"GET": EVERY},
    "docs/": {"GET": EVERY},
    "me/": {"GET": EVERY},
    "jobs/": {"GET": EVERY},
    "jobs/<pk>/": {"GET": EVERY},
    "jobs/<pk>/cancel/": {"POST": EVERY},
    "jobs/<pk>/retry/": {"POST": EVERY},
    "units/": {"GET": EVERY, "POST": ADMINISTER},
    "units/<pk>/": {"GET": EVERY, "PATCH": ADMINISTER},
    "exchange-rates/": {"GET": EVERY, "POST": KEEP_RATES},
    "exchange-rates/<pk>/": {"GET": EVERY, "PATCH": KEEP_RATES, "DELETE": KEEP_RATES},
    "calendar-days/": {"GET": EVERY, "POST": KEEP_CALENDAR},
    "calendar-days/<pk>/": {"GET": EVERY, "DELETE": KEEP_CALENDAR},
    "accounting-periods/": {"GET": EVERY},
    "accounting-periods/close/": {"POST": CLOSE_MONTHS},
    "accounting-periods/<pk>/": {"GET": EVERY},
    "accounting-periods/<pk>/request-reopening/": {"POST": CLOSE_MONTHS},
    "period-reopenings/": {"GET": EVERY},
    "period-reopenings/<pk>/": {"GET": EVERY},
    "period-reopenings/<pk>/approve/": {"POST": DECIDE_REOPENINGS},
    "period-reopenings/<pk>/reject/": {"POST": DECIDE_REOPENINGS},
    "audit-events/": {"GET": SEE_TRAIL},
    "audit-events/<pk>/": {"GET": SEE_TRAIL},
    "users/": {"GET": SEE_PEOPLE},
    "users/<pk>/": {"GET": SEE_PEOPLE},
    "tokens/": {"GET": EVERY, "POST": EVERY},
    "tokens/<pk>/": {"GET": EVERY},
    "tokens/<pk>/revoke/": {"POST": EVERY},
    "notifications/": {"GET": EVERY},
    "notifications/<pk>/": {"GET": EVERY},
    "notifications/mark-read/": {"POST": EVERY},
    "customers/": {"GET": READERS, "POST": EDIT_CUSTOMERS},
    "customers/assignments/": {"POST": EDIT_CUSTOMERS},
    "customers/<pk>/": {"GET": READERS, "PATCH": EDIT_CUSTOMERS},
    "customers/<pk>/status/": {"POST": EDIT_CUSTOMERS},
    "customers/<pk>/ledger/": {"GET": READERS},
    "customers/<customer_pk>/contacts/": {"GET": READERS, "POST": EDIT_CUSTOMERS},
    "customers/<customer_pk>/contacts/<pk>/": {
        "GET": READERS, "PATCH": EDIT_CUSTOMERS, "DELETE": EDIT_CUSTOMERS,
    },
    "payment-terms/": {"GET": READERS, "POST": KEEP_TERMS},
    "payment-terms/<pk>/": {"GET": READERS, "PATCH": KEEP_TERMS, "DELETE": KEEP_TERMS},
    "payment-terms/<pk>/preview/": {"POST": READERS},
    "aging/": {"GET": READERS},
    "metrics/": {"GET": READERS},
    "open-items/": {"GET": READERS, "POST": POST_ITEMS},
    "open-items/<pk>/": {"GET": READERS},
    "open-items/<pk>/reverse/": {"POST": REVERSE},
    "open-items/<pk>/classify/": {"POST": CLASSIFY},
    "open-items/<pk>/allocations/": {"POST": ALLOCATE},
    "receipts/": {"GET": READERS, "POST": POST_RECEIPTS},
    "receipts/<pk>/allocations/": {"POST": ALLOCATE},
    "allocations/": {"GET": READERS},
    "allocations/<pk>/take-back/": {"POST": ALLOCATE},
    "aging-schemes/": {"GET": READERS, "POST": KEEP_SCHEMES},
    "aging-schemes/<code>/": {
        "GET": READERS, "PUT": KEEP_SCHEMES, "PATCH": KEEP_SCHEMES, "DELETE": KEEP_SCHEMES,
    },
    "ledger-proof/": {"GET": PROVE},
    "alerts/": {"GET": READERS},
    "alerts/<pk>/": {"GET": READERS},
    "alerts/<pk>/acknowledge/": {"POST": HANDLE_ALERTS},
    "alerts/<pk>/close/": {"POST": HANDLE_ALERTS},
    "alert-rules/": {"GET": READERS},
    "alert-rules/<pk>/": {"GET": READERS, "PATCH": KEEP_RULES},
    "reviews/": {"GET": READERS, "POST": RUN_REVIEW},
    "imports/": {"GET": SEE_IMPORTS, "POST": IMPORT},
    "imports/<pk>/": {"GET": SEE_IMPORTS},
    "imports/<pk>/run/": {"POST": IMPORT},
    "imports/<pk>/refusals/": {"GET": SEE_IMPORTS},
    "imports/<pk>/refused-rows/": {"GET": SEE_IMPORTS},
}  # fmt: skip

MATRIX: dict[str, Entry] = PAGES | {f"api/v1/{path}": entry for path, entry in API.items()}

# What an auditor may send: nothing that touches the business, only what is a person's own.
# A preview computes and writes nothing.
OWN = frozenset(
    {
        "login/", "logout/", "logout/everywhere/", "password/", "language/", "theme/", "unit/", "views/save/",
        "views/<pk>/delete/", "views/columns/", "profile/", "profile/tokens/", "profile/tokens/<pk>/revoke/",
        "notifications/read/", "notifications/<pk>/open/", "jobs/<pk>/cancel/", "jobs/<pk>/retry/",
        "api/v1/jobs/<pk>/cancel/", "api/v1/jobs/<pk>/retry/", "api/v1/tokens/", "api/v1/tokens/<pk>/revoke/",
        "api/v1/notifications/mark-read/", "api/v1/payment-terms/<pk>/preview/",
    }
)  # fmt: skip
