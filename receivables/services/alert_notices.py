"""Who hears of alerts: one digest a night for each person, and the manager when nobody answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from config.core.models import BusinessUnit, Notification, User
from config.core.roles import Role
from config.core.selectors import calendar
from config.core.services import audit, notify, outbox
from receivables.domain import alerts as rules_of
from receivables.models import AgingReview, OverdueAlert
from receivables.services import reviews

DIGEST = "alerts.digest"
ESCALATED = "alerts.escalated"
RATE_MISSING = "alerts.rate_missing"
DIGEST_MESSAGE = gettext_noop(
    "Review of %(day)s: %(total)s new alerts, %(red)s red, %(orange)s orange, %(yellow)s yellow."
)
ESCALATED_MESSAGE = gettext_noop(
    "%(count)s alerts came to you because nobody acknowledged them in time."
)
RATE_MESSAGE = gettext_noop(
    "Review of %(day)s, %(unit)s: no exchange rate for %(currencies)s; amounts in it were left out of the alerts."
)
MANAGERS = (Role.FINANCE_MANAGER.value, Role.CREDIT_MANAGER.value)
# Any number; it only has to be the same for all who send a digest.
DIGEST_LOCK = 7_430_101


def is_complete(*, as_of: date) -> bool:
    """This function will tell whether every active unit has been reviewed for a day."""
    reviewed = AgingReview.objects.filter(as_of=as_of).values("unit")
    return not BusinessUnit.objects.filter(is_active=True).exclude(pk__in=reviewed).exists()


@transaction.atomic
def send_digest(*, as_of: date, link: str) -> int:
    """This function will tell each person once what the reviews of a day raised; it returns how many.

    Owners hear of their own alerts, managers of all alerts of their units. Who has an e-mail address
    gets the sentence by mail too. A second call for the same day tells only who has not heard.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DIGEST_LOCK])
    day = as_of.isoformat()
    told = set(
        Notification.objects.filter(kind=DIGEST, context__day=day).values_list("user_id", flat=True)
    )
    _tell_missing_rates(as_of=as_of, link=link)
    news = {user: counts for user, counts in _news(as_of).items() if user.pk not in told}
    for user, counts in news.items():
        _tell(user, counts, day=day, link=link)
    return len(news)


def _tell(user: User, counts: Counter[str], *, day: str, link: str) -> None:
    context = {
        "day": day,
        "total": counts.total(),
        **{level: counts[level] for level in rules_of.LEVELS},
    }
    level = Notification.Level.DANGER if counts[rules_of.RED] else Notification.Level.WARNING
    notify.notify(
        user=user, kind=DIGEST, message=DIGEST_MESSAGE, context=context, level=level, link=link
    )
    if user.email:
        with translation.override(user.language or settings.LANGUAGE_CODE):
            sentence = gettext(DIGEST_MESSAGE) % context
            body = "\n\n".join(
                (sentence, gettext("Sign in and open Receivables › Alerts to see them."))
            )
        outbox.enqueue(
            recipient=user.email, subject=sentence, body=body, dedup_key=f"{DIGEST}:{day}:{user.pk}"
        )


def _news(as_of: date) -> dict[User, Counter[str]]:
    """Return for each person the alerts raised on a day and not closed, by level."""
    raised = OverdueAlert.objects.filter(raised_on=as_of).exclude(state=OverdueAlert.State.CLOSED)
    rows = list(raised.values_list("unit_id", "owner_id", "level").annotate(Count("pk")).order_by())
    managers = _managers({unit for unit, _owner, _level, _count in rows})
    owners = User.objects.in_bulk({owner for _unit, owner, _level, _count in rows if owner})
    found: dict[User, Counter[str]] = {}
    for unit_id, owner_id, level, count in rows:
        hearers = {m for m in managers if unit_id in m.unit_ids()}
        if owner_id in owners and owners[owner_id].is_active:
            hearers.add(owners[owner_id])
        for user in hearers:
            found.setdefault(user, Counter())[level] += count
    return dict(sorted(found.items(), key=lambda pair: pair[0].pk))


def _managers(unit_ids: Iterable[int], *, roles: Iterable[str] = MANAGERS) -> list[User]:
    of_units = Q(all_units=True) | Q(units__in=set(unit_ids))
    people = User.objects.filter(of_units, is_active=True, groups__name__in=list(roles))
    return list(people.distinct().order_by("pk"))


def _tell_missing_rates(*, as_of: date, link: str) -> None:
    day = as_of.isoformat()
    if Notification.objects.filter(kind=RATE_MISSING, context__day=day).exists():
        return
    done = AgingReview.objects.filter(as_of=as_of, totals__has_key=reviews.REPORT)
    for review in done.select_related("unit").order_by("pk"):
        currencies = reviews.report(review).get("missing_rates", [])
        if currencies:
            notify.notify_many(
                users=_managers([review.unit_id]), kind=RATE_MISSING, message=RATE_MESSAGE,
                context={"day": day, "unit": review.unit.code, "currencies": ", ".join(currencies)},
                level=Notification.Level.WARNING, link=link,
            )  # fmt: skip


@transaction.atomic
def escalate(*, today: date, now: datetime, link: str) -> int:
    """This function will bring unacknowledged alerts to the owner's manager; it returns how many.

    An alert waits `rule.escalate_after_days` working days after the day it was raised on (0: for
    ever). Without an active manager it goes to a finance manager of the unit. Each manager gets one
    notification for all of them. An alert is escalated once.
    """
    waiting = OverdueAlert.objects.filter(state=OverdueAlert.State.OPEN, escalated_at=None)
    due = waiting.filter(_is_due(today)).order_by("pk")
    alerts = list(due.select_related("owner__manager", "rule").select_for_update(of=("self",)))
    fallback = _fallback({a.unit_id for a in alerts})
    for alert in alerts:
        alert.escalated_to, alert.escalated_at = (
            _superior(alert) or fallback.get(alert.unit_id),
            now,
        )
        alert.version += 1
    moved = [a for a in alerts if a.escalated_to is not None]
    OverdueAlert.objects.bulk_update(
        moved, ["escalated_to", "escalated_at", "version"], batch_size=500
    )
    changes = [
        audit.Change(a, None, {"escalated_to": a.escalated_to}, a.customer_id) for a in moved
    ]
    audit.record_many(actor=None, action="alert.escalated", changes=changes)
    for user, count in Counter(a.escalated_to for a in moved).items():
        if user is not None:
            notify.notify(
                user=user, kind=ESCALATED, message=ESCALATED_MESSAGE, context={"count": count},
                level=Notification.Level.DANGER, link=link,
            )  # fmt: skip
    return len(moved)


def _is_due(today: date) -> Q:
    """Return the condition that an alert's rule has waited long enough by `today`."""
    days = calendar.load()
    rules = OverdueAlert.objects.filter(state=OverdueAlert.State.OPEN, escalated_at=None)
    waits = rules.filter(rule__escalate_after_days__gt=0).values_list(
        "rule__escalate_after_days", flat=True
    )
    condition = Q(pk=None)
    for wait in sorted(set(waits)):
        cutoff = days.add_working_days(today, -wait)
        condition |= Q(rule__escalate_after_days=wait, raised_on__lte=cutoff)
    return condition


def _superior(alert: OverdueAlert) -> User | None:
    manager = alert.owner.manager if alert.owner is not None else None
    return manager if manager is not None and manager.is_active else None


def _fallback(unit_ids: set[int]) -> dict[int, User]:
    """Return one finance manager for each unit: one of the unit itself before one of all units."""
    managers = _managers(unit_ids, roles=[Role.FINANCE_MANAGER.value])
    managers.sort(key=lambda m: (m.all_units, m.pk))
    return {
        unit_id: next(m for m in managers if unit_id in m.unit_ids())
        for unit_id in unit_ids
        if any(unit_id in m.unit_ids() for m in managers)
    }
