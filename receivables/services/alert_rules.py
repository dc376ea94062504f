"""Changing the rules of alerts: threshold, level, working days until escalation, on or off."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.core.errors import InvalidInput
from config.core.models import User
from config.core.services import audit
from config.core.versions import refuse_stale
from receivables.domain import alerts as rules_of
from receivables.models import AlertRule

CHANGED = _(
    "Somebody else changed this rule in the meantime. Read it again and repeat your change."
)
EDITABLE = ("threshold", "level", "escalate_after_days", "is_active")
LONGEST_ESCALATION = 60


class RuleRefused(InvalidInput):
    """The rule would mean nothing."""

    code = "rule_refused"


@transaction.atomic
def change(
    *, rule: AlertRule, values: Mapping[str, object], actor: User, expected_version: int | None
) -> AlertRule:
    """This function will change a rule from the next review on; alerts raised before stay as they are.

    `values` may hold `threshold` (days, amount in base currency or percent), `level`,
    `escalate_after_days` (working days, 0: never) and `is_active`.

    :raises RuleRefused: if a value makes no sense
    :raises receivables.domain.alerts.InvalidThreshold: if the threshold lies outside its range
    :raises config.core.versions.StaleVersion: if somebody else changed the rule since it was read
    """
    # All rules are locked, so that two of a kind can not get the same threshold at once.
    rules = {r.pk: r for r in AlertRule.objects.select_for_update().order_by("pk")}
    rule = rules[rule.pk]
    refuse_stale(rule, expected=expected_version, message=CHANGED)
    before = audit.snapshot(rule, fields=EDITABLE)
    for name in EDITABLE:
        if name in values:
            setattr(rule, name, values[name])
    rule.threshold = Decimal(rule.threshold)
    _check(rule, others=[r for r in rules.values() if r.pk != rule.pk])
    after = audit.snapshot(rule, fields=EDITABLE)
    if after == before:
        return rule
    rule.version += 1
    rule.save()
    old, new = audit.changes(before, after)
    audit.record(actor=actor, action="alert_rule.changed", target=rule, before=old, after=new)
    return rule


def _check(rule: AlertRule, *, others: list[AlertRule]) -> None:
    rules_of.check_threshold(rule.kind, rule.threshold)
    if rule.level not in rules_of.LEVELS:
        raise RuleRefused(_("The level must be yellow, orange or red."))
    if not 0 <= rule.escalate_after_days <= LONGEST_ESCALATION:
        raise RuleRefused(
            _("Escalate after 0 (never) to %(limit)s working days."), limit=LONGEST_ESCALATION
        )
    twins = [
        r for r in others if r.is_active and r.kind == rule.kind and r.threshold == rule.threshold
    ]
    if rule.is_active and twins:
        raise RuleRefused(
            _(
                "The rule %(code)s has this threshold already; choose another one or switch one of them off."
            ),
            code=twins[0].code,
        )
