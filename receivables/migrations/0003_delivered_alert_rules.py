"""The alert rules a new installation starts with; thresholds and levels are edited on the rules page."""

from decimal import Decimal

from django.db import migrations

# code, kind, threshold, level, working days until an unacknowledged alert goes to the manager
RULES = [
    ("first_overdue", "first_overdue", "0", "yellow", 5),
    ("days_overdue_30", "days_overdue", "30", "yellow", 5),
    ("days_overdue_60", "days_overdue", "60", "orange", 3),
    ("days_overdue_90", "days_overdue", "90", "orange", 3),
    ("days_overdue_180", "days_overdue", "180", "red", 1),
    ("days_overdue_365", "days_overdue", "365", "red", 1),
    ("overdue_amount", "overdue_amount", "500000", "orange", 3),
    ("concentration", "concentration", "10", "yellow", 5),
]


def deliver(apps, schema_editor):
    rule_model = apps.get_model("receivables", "AlertRule")
    rule_model.objects.bulk_create(
        rule_model(
            code=code, kind=kind, threshold=Decimal(threshold), level=level, escalate_after_days=escalate_after_days
        )
        for code, kind, threshold, level, escalate_after_days in RULES
    )


class Migration(migrations.Migration):
    dependencies = [("receivables", "0002_delivered_schemes")]
    operations = [migrations.RunPython(deliver, migrations.RunPython.noop)]
