"""The demo company: the same for the same seed, within all rules of the ledger, and believable."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from itertools import islice
from random import Random

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count, F, Max, Min, Sum

from config.core.models import (
    AccountingPeriod,
    AuditEvent,
    BusinessUnit,
    ExchangeRate,
    Notification,
    User,
)
from config.core.roles import Role
from config.core.text import comparison_key
from customers.domain import terms as engine
from customers.domain import uscc
from customers.models import Contact, Customer, PaymentTerms
from receivables.domain import demo_names
from receivables.domain.demo import Pattern, Profile, Terms, make_history
from receivables.management.commands.demo import logins
from receivables.models import (
    AgingReview,
    AgingSummary,
    Allocation,
    ImportBatch,
    OpenItem,
    OverdueAlert,
)
from receivables.services.demo import company, people
from tests.demo_data import TODAY, DemoCompany, small_order

FIRST, LAST = date(2023, 11, 1), date(2026, 11, 23)
NET_30 = Terms("NET30", days=30)


def history(pattern: Pattern, *, seed: int = 1, unpaid_share: float = 0.0, terms: Terms = NET_30):
    profile = Profile(pattern, terms, 4.0, 10_000_000, unpaid_share=unpaid_share)
    return make_history(profile=profile, rng=Random(seed), first_day=FIRST, last_day=LAST)


def days_late(made) -> float:
    """Return the mean of payment day − due day, weighted by amount."""
    paid = [
        (a.day - made.debts[a.debt].due, a.cents)
        for a in made.applications
        if made.credits[a.credit].kind == "receipt"
    ]
    return sum(late * cents for late, cents in paid) / sum(cents for _late, cents in paid)


class TestHistory:
    @pytest.mark.parametrize("pattern", list(Pattern))
    @pytest.mark.parametrize("seed", range(5))
    def test_every_pattern_keeps_the_rules_of_the_ledger(self, pattern, seed):
        made = history(pattern, seed=seed)
        left_debts = [d.cents for d in made.debts]
        left_credits = [c.cents for c in made.credits]
        for a in made.applications:
            assert a.cents > 0
            assert a.day >= max(made.debts[a.debt].day, made.credits[a.credit].day)
            assert a.day <= LAST.toordinal()
            left_debts[a.debt] -= a.cents
            left_credits[a.credit] -= a.cents
        assert left_debts == [d.left for d in made.debts]
        assert left_credits == [c.left for c in made.credits]
        assert min(left_debts + left_credits) >= 0
        assert made.debts

    def test_same_random_numbers_make_the_same_history(self):
        assert history(Pattern.SLOW, seed=3) == history(Pattern.SLOW, seed=3)
        assert history(Pattern.SLOW, seed=3) != history(Pattern.SLOW, seed=4)

    def test_slow_payers_pay_later_than_punctual_ones(self):
        assert days_late(history(Pattern.PUNCTUAL)) < 5 < days_late(history(Pattern.SLOW))

    def test_a_sliding_customer_pays_later_every_year(self):
        made = history(Pattern.SLIDING)
        middle = date(2025, 5, 1).toordinal()

        def late(days):
            return sum(days) / len(days)

        early = [a.day - made.debts[a.debt].due for a in made.applications if a.day < middle]
        recent = [a.day - made.debts[a.debt].due for a in made.applications if a.day >= middle]
        assert late(recent) > late(early) + 15

    def test_a_prepayer_pays_before_the_invoice_and_has_credit_left(self):
        made = history(Pattern.PREPAYER)
        assert any(c.left for c in made.credits)
        assert all(d.left == 0 for d in made.debts)
        by_receipt = [a for a in made.applications if made.credits[a.credit].kind == "receipt"]
        assert by_receipt
        assert all(a.day == made.debts[a.debt].day for a in by_receipt)

    def test_a_lost_customer_leaves_old_debts(self):
        made = history(Pattern.LOST, seed=2)
        oldest = min(d.due for d in made.debts if d.left)
        assert LAST - date.fromordinal(oldest) > timedelta(days=3 * 365)
        last_paid = max(c.day for c in made.credits if c.kind == "receipt")
        assert last_paid < LAST.toordinal() - 60
        assert max(d.day for d in made.debts) < LAST.toordinal() - 60

    def test_retention_is_three_percent_and_due_two_years_after_its_invoice(self):
        made = history(Pattern.RETENTION)
        kept = [d for d in made.debts if d.kind == "retention"]
        assert kept
        for part in kept:
            rest = next(
                d
                for d in made.debts
                if (d.day, d.serial, d.instalment) == (part.day, part.serial, 1)
            )
            assert part.cents == (rest.cents + part.cents) * 3 // 100
            written = date.fromordinal(part.day)
            assert 729 <= part.due - written.toordinal() <= 731

    def test_an_invoice_left_open_by_order_stays_open(self):
        share = [d.left > 0 for d in history(Pattern.PUNCTUAL, unpaid_share=0.5).debts]
        assert 0.4 < sum(share) / len(share) < 0.65

    def test_documents_fall_on_weekdays_within_the_period(self):
        made = history(Pattern.PART_PAYER)
        for document in [*made.debts, *made.credits]:
            day = date.fromordinal(document.day)
            assert FIRST <= day <= LAST
            assert day.weekday() < 5


class TestNames:
    def test_companies_have_names_of_their_own_and_valid_codes(self):
        made = list(
            islice(demo_names.companies(Random(1), cities=demo_names.EAST, first_number=0), 3000)
        )
        assert len({c.name for c in made}) == 3000
        assert all(c.short_name.removeprefix(c.city) not in demo_names.KNOWN for c in made)
        codes = {uscc.make_uscc(c.division, c.organisation) for c in made}
        assert len(codes) == 3000
        assert all(uscc.is_valid(code) for code in codes)

    def test_customers_abroad_have_a_number_but_no_chinese_code(self):
        made = list(islice(demo_names.companies_abroad(Random(1), first_number=1), 200))
        assert len({c.name for c in made}) == len({c.tax_number for c in made}) == 200
        assert all(c.is_abroad and not c.division for c in made)


def digest() -> str:
    """Return what identifies the made-up rows, without ids and passwords."""
    rows = [
        *OpenItem.objects.order_by("number_key", "instalment").values_list(
            "number", "instalment", "customer__code", "kind", "document_date", "due_date", "amount", "open_amount", "cause"
        ),
        *Allocation.objects.order_by("credit_item__number_key", "debit_item__number_key", "debit_item__instalment").values_list(
            "credit_item__number", "debit_item__number", "amount", "effective_date", "method"
        ),
        *Customer.objects.order_by("code").values_list("code", "name", "uscc", "payment_terms__code", "sales_owner__username"),
        *Contact.objects.order_by("customer__code", "role").values_list("name", "phone", "email"),
        *ExchangeRate.objects.order_by("date").values_list("date", "rate"),
    ]  # fmt: skip
    return hashlib.sha256(repr(rows).encode()).hexdigest()


class Again(Exception):
    """Undoes a demo company that was made for comparison."""


def made_digest(seed: int) -> str:
    try:
        with transaction.atomic():
            company.create(order=small_order(seed=seed, customers=15))
            raise Again(digest())
    except Again as made:
        return str(made)


@pytest.mark.django_db
class TestCompany:
    def test_the_same_seed_and_day_make_identical_rows(self):
        first = made_digest(seed=1)
        assert made_digest(seed=1) == first
        assert made_digest(seed=2) != first

    def test_open_amounts_are_what_the_allocations_leave(self, demo_company: DemoCompany):
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT i.number FROM receivables_openitem i
                WHERE i.open_amount <> i.amount - COALESCE((SELECT SUM(a.amount) FROM receivables_allocation a
                    WHERE i.id IN (a.debit_item_id, a.credit_item_id)), 0)
                """
            )
            assert cursor.fetchall() == []
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # every foreign key holds now

    def test_allocations_repeat_their_items_rightly(self, demo_company: DemoCompany):
        wrong = Allocation.objects.exclude(
            unit=F("debit_item__unit"),
            customer=F("debit_item__customer"),
            currency=F("debit_item__currency"),
            debit_posting_date=F("debit_item__posting_date"),
            debit_document_date=F("debit_item__document_date"),
            debit_due_date=F("debit_item__due_date"),
            debit_kind=F("debit_item__kind"),
            credit_posting_date=F("credit_item__posting_date"),
            credit_document_date=F("credit_item__document_date"),
            credit_item__customer=F("customer"),
            credit_item__direction="credit",
            debit_item__direction="debit",
        )
        assert Allocation.objects.count() == demo_company.outcome.allocations > 500
        assert not wrong.exists()

    def test_due_dates_follow_the_customers_payment_terms(self, demo_company: DemoCompany):
        plain = PaymentTerms.objects.exclude(code="ACC30-R3")
        items = OpenItem.objects.filter(kind="invoice", customer__payment_terms__in=plain)
        assert items.count() > 500
        for item in items.select_related("customer__payment_terms"):
            terms = item.customer.payment_terms
            rule = engine.Rule(
                end_of_month=terms.end_of_month, months=terms.months, days=terms.days
            )
            assert item.due_date == engine.due_date(rule, item.document_date), (
                item.number,
                terms.code,
            )

    def test_numbers_are_kept_as_the_ledger_compares_them(self, demo_company: DemoCompany):
        for number, key in OpenItem.objects.values_list("number", "number_key"):
            assert key == comparison_key(number)
        for code, key in Customer.objects.values_list("code", "code_key"):
            assert key == comparison_key(code)

    def test_people_can_sign_in_with_their_roles_and_report_to_a_manager(
        self, demo_company: DemoCompany
    ):
        for username, password, role in people.demo_logins():
            user = authenticate(username=username, password=password)
            assert isinstance(user, User)
            assert user.has_role(Role(role))
        assert set(Role) == {Role(role) for _name, _password, role in people.demo_logins()}
        assert User.objects.count() == 17
        assert demo_company.user("sales").manager == demo_company.user("credit_manager")
        assert demo_company.user("sales").is_limited_to_portfolio
        assert Customer.objects.visible_to(demo_company.user("sales")).exists()

    def test_customers_are_wholly_described(self, demo_company: DemoCompany):
        assert Customer.objects.count() == 40
        for customer in Customer.objects.select_related("sales_owner", "collector", "unit"):
            assert customer.sales_owner.units.contains(customer.unit)
            assert customer.collector.units.contains(customer.unit)
            assert uscc.is_valid(customer.uscc) or customer.kind == Customer.Kind.FOREIGN
            assert customer.search_keys
            assert customer.sort_key
            assert customer.payment_terms_id
            assert (customer.currency == "USD") == (customer.kind == Customer.Kind.FOREIGN)
        assert all(
            email.endswith("@example.com")
            for email in Contact.objects.values_list("email", flat=True)
        )
        parents = Customer.objects.filter(members__isnull=False).distinct()
        assert parents.exists()
        assert all(m.unit_id == p.unit_id for p in parents for m in p.members.all())

    def test_old_months_are_closed_and_rates_are_there(self, demo_company: DemoCompany):
        closed = AccountingPeriod.objects.filter(unit=demo_company.east, state="closed")
        assert closed.aggregate(first=Min("first_day"), last=Max("first_day")) == {
            "first": date(2023, 11, 1),
            "last": date(2026, 9, 1),
        }
        rates = ExchangeRate.objects.filter(currency="USD", base="CNY")
        assert set(rates.values_list("source", flat=True)) == {"demo"}
        assert rates.aggregate(first=Min("date"), last=Max("date")) == {
            "first": FIRST,
            "last": date(2026, 11, 1),
        }

    def test_one_event_tells_that_it_was_made_up(self, demo_company: DemoCompany):
        event = AuditEvent.objects.get(action=company.ACTION)
        assert event.after["customers"] == 40
        assert event.after["order"]["as_of"] == "2026-11-24"

    def test_nothing_is_made_up_beside_real_data(self, unit: BusinessUnit):
        with pytest.raises(company.NotEmpty):
            company.create(order=small_order())
        assert User.objects.count() == 0
        assert OpenItem.objects.count() == 0


@pytest.mark.django_db
class TestBelievable:
    """The default company as the finance manager sees it on the first day."""

    @pytest.fixture
    def figures(self, db):
        company.create(order=company.Order(customers=300, items=15_000, seed=20260101, as_of=TODAY))
        rate = Decimal(7)
        yuan = {"CNY": Decimal(1), "USD": rate}
        debits = OpenItem.objects.debits()

        def total(rows, field="open_amount"):
            sums = rows.values("currency").annotate(s=Sum(field))
            return sum((r["s"] * yuan[r["currency"]] for r in sums), Decimal(0))

        sales = debits.filter(posting_date__gt=LAST - timedelta(days=91)).exclude(kind="opening")
        return {
            "open": total(debits),
            "overdue": total(debits.filter(due_date__lt=LAST)),
            "over_three_years": total(debits.filter(due_date__lt=LAST - timedelta(days=3 * 366))),
            "unapplied": total(OpenItem.objects.credits()),
            "retention": total(debits.filter(kind="retention")),
            "sales": total(sales, "amount"),
            "largest": debits.filter(currency="CNY")
            .values("customer")
            .annotate(s=Sum("open_amount"))
            .order_by("-s")[0]["s"],
        }

    def test_the_portfolio_looks_like_a_real_one(self, figures):
        assert 18_000 <= OpenItem.objects.count() <= 30_000
        assert Decimal("0.18") < figures["overdue"] / figures["open"] < Decimal("0.30")
        assert 52 < figures["open"] / figures["sales"] * 91 < 68
        assert figures["over_three_years"] > 100_000
        assert figures["unapplied"] > 0
        assert figures["retention"] > 0
        assert Decimal("0.06") < figures["largest"] / figures["open"] < Decimal("0.2")
        kinds = dict(OpenItem.objects.values_list("kind").annotate(Count("id")))
        assert kinds.keys() >= {
            "invoice",
            "receipt",
            "credit_note",
            "retention",
            "opening",
            "bill",
            "debit_note",
            "write_off",
        }
        causes = set(OpenItem.objects.open().values_list("cause", flat=True))
        assert causes >= {"dispute", "normal_delay", "lost_contact"}
        assert set(Allocation.objects.values_list("method", flat=True)) == {
            "designated",
            "exact",
            "fifo",
        }


@pytest.mark.django_db(transaction=True)
class TestCommand:
    def run(self, **options) -> str:
        out = StringIO()
        wanted = {"customers": 12, "items": 240, "as_of": TODAY, **options}
        call_command("demo", stdout=out, **wanted)
        return out.getvalue()

    def test_it_makes_the_company_with_alerts_and_trends_and_only_once(self):
        printed = self.run()
        assert people.PASSWORD in printed
        assert AgingReview.objects.filter(as_of=LAST).count() == 2
        assert OverdueAlert.objects.exists()
        assert AgingSummary.objects.filter(as_of=date(2026, 10, 31)).exists()
        before = OpenItem.objects.count()
        assert "already" in self.run()
        assert "already" in self.run(if_empty=True)
        assert OpenItem.objects.count() == before
        assert any("finance_manager" in line for line in logins())

    def test_the_demos_people_have_been_at_work(self):
        self.run(customers=60, items=1800)
        first, again = ImportBatch.objects.filter(state="done").order_by("pk")
        assert first.rows_written == again.rows_unchanged > 0
        assert first.rows_unchanged == again.rows_written == 0
        refused = ImportBatch.objects.get(state="refused")
        assert refused.refusals.count() == refused.rows_refused > 0
        assert not OpenItem.objects.filter(batch=refused).exists()
        assert OverdueAlert.objects.filter(state="acknowledged").exists()
        assert Notification.objects.filter(user__username="credit_manager").exists()

    def test_it_leaves_other_data_alone(self):
        BusinessUnit.objects.create(code="X", name="X")
        assert "nothing was changed" in self.run(if_empty=True)
        with pytest.raises(CommandError):
            self.run()
        assert not User.objects.exists()
        assert logins() == []

    def test_its_known_password_never_gets_into_production_by_accident(self, settings):
        settings.PRODUCTION = True
        with pytest.raises(CommandError, match="--force"):
            self.run()
        assert not User.objects.exists()

    def test_a_company_of_nobody_is_refused(self):
        with pytest.raises(CommandError):
            call_command("demo", customers=0)
