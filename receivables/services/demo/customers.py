"""The demo company's customers: who they are, how big, how they pay, and who looks after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from random import Random

from config.core.models import BusinessUnit
from config.core.roles import Role
from config.core.text import comparison_key
from customers.domain.pinyin import search_keys, sort_key
from customers.domain.uscc import make_uscc
from customers.models import Contact, Customer, PaymentTerms
from receivables.domain import demo_names as names
from receivables.domain.demo import Pattern, Profile, Terms
from receivables.services.demo.people import EAST, SOUTH, People

BATCH = 1000
DEBTS_PER_CUSTOMER = 50  # in three years, where --items does not say otherwise
EAST_SHARE = 0.57
ABROAD_SHARE = 0.1  # of the southern unit's customers; they pay in USD
GROUP_EVERY = 25  # one group of companies for so many customers
TYPICAL_CENTS = 14_500_000  # an average invoice of an average customer: 145,000.00
USD_DIVISOR = 7
# Of the pattern's share among customers, in percent.
PATTERNS = {
    Pattern.PUNCTUAL: 49, Pattern.SLOW: 12, Pattern.SEASONAL: 8, Pattern.SLIDING: 6, Pattern.DISPUTED: 7,
    Pattern.PART_PAYER: 7, Pattern.PREPAYER: 3, Pattern.RETENTION: 5, Pattern.LOST: 3,
}  # fmt: skip
TERMS = {"NET30": 27, "M30-INV": 14, "M30-EOM": 27, "M60-EOM": 12, "NM30": 10, "REC60": 10}
TERMS_OF_PATTERN = {Pattern.PREPAYER: "PREPAID", Pattern.RETENTION: "ACC30-R3"}
# The largest customers, as multiples of an average one, and how they pay.
LARGEST = (
    (26.0, Pattern.PUNCTUAL), (19.0, Pattern.PUNCTUAL), (15.0, Pattern.SEASONAL), (12.0, Pattern.SLOW),
    (10.0, Pattern.DISPUTED), (9.0, Pattern.SLIDING), (8.0, Pattern.PART_PAYER), (7.0, Pattern.SLOW),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """One customer as the ledger will see it."""

    number: int
    unit_id: int
    customer_id: int
    currency: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Draft:
    """A customer before it is written."""

    number: int
    unit: BusinessUnit
    company: names.Company
    weight: float
    pattern: Pattern
    terms: PaymentTerms
    parent: int | None = None


def create_customers(
    *,
    people: People,
    rng: Random,
    count: int,
    items: int,
    first_day: date,
    last_day: date,
    unpaid_share: float = 0.0,
) -> list[Plan]:
    """This function will create `count` customers with contacts, and plan about `items` debts.

    `unpaid_share` is the probability that an invoice is left open whatever the pattern.
    """
    terms = {t.code: t for t in PaymentTerms.objects.all()}
    drafts = list(_drafts(people, rng, count, terms))
    months = (last_day - first_day).days / 30.4
    mean = sum(d.weight**0.35 for d in drafts) / count
    plans: list[Plan] = []
    numbers: dict[int, int] = {}
    for start in range(0, count, BATCH):
        batch = drafts[start : start + BATCH]
        written = _write(batch, people, rng, first_day, last_day)
        numbers |= {d.number: c.pk for d, c in zip(batch, written, strict=True)}
        for draft, customer in zip(batch, written, strict=True):
            # Sales grow over the years, which the divisor takes out again.
            monthly = items / count / months / 1.11 * draft.weight**0.35 / mean
            profile = _profile(draft, rng, monthly, unpaid_share)
            plans.append(Plan(draft.number, draft.unit.pk, customer.pk, customer.currency, profile))
    _join_groups(drafts, numbers)
    return plans


def _drafts(
    people: People, rng: Random, count: int, terms: dict[str, PaymentTerms]
) -> Iterator[Draft]:
    for number, (unit, company, parent) in enumerate(_companies(people, rng, count), start=1):
        if number <= len(LARGEST) and count >= 5 * len(LARGEST):
            weight, pattern = LARGEST[number - 1]
        else:
            weight = min(6.0, rng.lognormvariate(-0.4, 0.9))
            pattern = rng.choices(list(PATTERNS), list(PATTERNS.values()))[0]
        code = TERMS_OF_PATTERN.get(pattern) or rng.choices(list(TERMS), list(TERMS.values()))[0]
        yield Draft(number, unit, company, weight, pattern, terms[code], parent)


def _companies(
    people: People, rng: Random, count: int
) -> Iterator[tuple[BusinessUnit, names.Company, int | None]]:
    """Yield unit, company and the number of the group's parent, if the company belongs to one."""
    cities = {EAST: names.EAST, SOUTH: names.SOUTH}
    at_home = {u: names.companies(rng, cities=cities[u], first_number=0) for u in (EAST, SOUTH)}
    abroad = names.companies_abroad(rng, first_number=1)
    parents: dict[str, tuple[int, names.Company]] = {}
    for number in range(1, count + 1):
        code = EAST if rng.random() < EAST_SHARE else SOUTH
        company, parent = (
            replace(next(at_home[code]), organisation=names.organisation(number)),
            None,
        )
        if code == SOUTH and number > len(LARGEST) and rng.random() < ABROAD_SHARE:
            company = next(abroad)
        elif number % GROUP_EVERY == 1:
            parents[code] = (number, company)
        elif number % GROUP_EVERY < 5 and code in parents:
            parent, head = parents[code]
            company = names.member_of(head, rng, cities=cities[code], number=number)
        yield people.units[code], company, parent


def _profile(draft: Draft, rng: Random, monthly: float, unpaid_share: float) -> Profile:
    terms = draft.terms
    typical = TYPICAL_CENTS * draft.weight**0.65
    return Profile(
        pattern=draft.pattern,
        terms=Terms(terms.code, terms.end_of_month, terms.months, terms.days),
        invoices_a_month=monthly / (2 if draft.pattern is Pattern.RETENTION else 1),
        typical_cents=int(typical / (USD_DIVISOR if draft.company.is_abroad else 1)),
        pay_cycle=rng.choice((7, 14, 14, 28, 28)),
        pay_weekday=rng.randint(1, 5),
        bill_share=rng.choice((0, 0, 0, 0.15, 0.4)),
        unpaid_share=unpaid_share,
    )


# Rows --------------------------------------------------------------------------------------------


def _write(
    drafts: list[Draft], people: People, rng: Random, first_day: date, last_day: date
) -> list[Customer]:
    rows = [_customer(draft, people, rng, first_day, last_day) for draft in drafts]
    written = Customer.objects.bulk_create(rows)
    contacts = [
        c for draft, row in zip(drafts, written, strict=True) for c in _contacts(draft, row, rng)
    ]
    Contact.objects.bulk_create(contacts, batch_size=BATCH)
    return written


def _customer(
    draft: Draft, people: People, rng: Random, first_day: date, last_day: date
) -> Customer:
    company, unit = draft.company, draft.unit
    founded = first_day - timedelta(days=rng.randint(700, 9000))
    capital = Decimal(rng.choice((100, 200, 500, 500, 1000, 2000, 5000))) * 10_000
    code = f"C-{draft.number:05d}"
    return Customer(
        unit=unit,
        code=code,
        code_key=comparison_key(code),
        name=company.name,
        short_name=company.short_name,
        name_en=company.name if company.is_abroad else "",
        search_keys=search_keys(company.name),
        sort_key=sort_key(company.name),
        uscc="" if company.is_abroad else make_uscc(company.division, company.organisation),
        tax_number=company.tax_number,
        kind=Customer.Kind.FOREIGN if company.is_abroad else Customer.Kind.COMPANY,
        size_class=_size_class(draft.weight),
        segment=_segment(draft),
        industry=company.industry,
        region=company.region,
        address=names.address(company, rng),
        legal_representative="" if company.is_abroad else names.full_name(rng),
        established_on=founded,
        registered_capital=None if company.is_abroad else capital,
        payment_terms=draft.terms,
        currency="USD" if company.is_abroad else "CNY",
        sales_owner=rng.choice(people.at(unit.code, Role.SALESPERSON)),
        collector=rng.choice(people.at(unit.code, Role.COLLECTOR)),
        status=_status(draft),
        customer_since=min(first_day, founded + timedelta(days=rng.randint(200, 2500))),
    )


def _size_class(weight: float) -> Customer.SizeClass:
    for limit, size in ((4, Customer.SizeClass.LARGE), (1.2, Customer.SizeClass.MEDIUM)):
        if weight >= limit:
            return size
    return Customer.SizeClass.SMALL if weight > 0.3 else Customer.SizeClass.MICRO


def _segment(draft: Draft) -> Customer.Segment:
    if draft.pattern is Pattern.LOST:
        return Customer.Segment.EXIT
    if draft.pattern is Pattern.SLIDING:
        return Customer.Segment.WATCH
    if draft.weight >= 4:
        return Customer.Segment.KEY
    return Customer.Segment.GROWTH if draft.weight > 1.6 else Customer.Segment.REGULAR


def _status(draft: Draft) -> Customer.Status:
    return Customer.Status.DORMANT if draft.pattern is Pattern.LOST else Customer.Status.ACTIVE


def _contacts(draft: Draft, customer: Customer, rng: Random) -> Iterator[Contact]:
    roles = islice((Contact.Role.FINANCE, Contact.Role.PURCHASING), rng.choice((1, 2, 2)))
    for position, role in enumerate(roles):
        person = names.person(rng, role=role.value, number=2 * draft.number + position)
        yield Contact(
            customer=customer,
            name=person.name,
            role=role,
            title=person.title,
            phone=person.phone,
            email=person.email,
            is_primary=position == 0,
        )


def _join_groups(drafts: list[Draft], numbers: dict[int, int]) -> None:
    """Set the parents, which had to be written first."""
    members = [
        Customer(pk=numbers[d.number], parent_id=numbers[d.parent]) for d in drafts if d.parent
    ]
    Customer.objects.bulk_update(members, ["parent"], batch_size=BATCH)
