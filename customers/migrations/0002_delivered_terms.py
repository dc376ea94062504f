"""The payment terms a new installation starts with (they may be changed or switched off)."""

from decimal import Decimal

from django.db import migrations

REGULAR, RETENTION = "regular", "retention"
# code, name, English name, the rule
TERMS = [
    ("PREPAID", "预收（款到发货）", "Prepaid (cash before dispatch)", {"base_event": "order"}),
    ("COD", "货到付款", "Cash on delivery", {"base_event": "sign_off"}),
    ("NET30", "30天净额", "30 days net", {"days": 30}),
    ("M30-INV", "月结30天（自开票日起一个月）", "Monthly 30 (invoice date + 1 month)", {"months": 1}),
    ("M30-EOM", "月结30天（月末起30天）", "Monthly 30 (month end + 30 days)", {"end_of_month": True, "days": 30}),
    ("M60-EOM", "月结60天（月末起60天）", "Monthly 60 (month end + 60 days)", {"end_of_month": True, "days": 60}),
    ("NM30", "次月结30天", "Next month 30 (1st of next month + 30 days)", {"end_of_month": True, "days": 31}),
    ("REC60", "票到60天", "60 days after receipt of the invoice", {"base_event": "invoice_received", "days": 60}),
    (
        "2-10-N30", "10天内付款享2%折扣，30天净额", "2/10 net 30",
        {"days": 30, "discount_percent": Decimal("2.00"), "discount_days": 10},
    ),
    ("306010", "分期30/60/10（质保金10%）", "Instalments 30/60/10 (10% retention)", {}),
    ("ACC30-R3", "验收后30天，质保金3%（24个月）", "30 days after acceptance, 3% retention (24 months)",
     {"base_event": "acceptance", "days": 30}),
]  # fmt: skip
# kind, percent, months, days
PARTS = {
    "306010": [(REGULAR, 30, 0, 0), (REGULAR, 60, 3, 0), (RETENTION, 10, 12, 0)],
    "ACC30-R3": [(REGULAR, 97, 0, 30), (RETENTION, 3, 24, 0)],
}


def deliver(apps, schema_editor):
    terms_model = apps.get_model("customers", "PaymentTerms")
    part_model = apps.get_model("customers", "PaymentTermsInstalment")
    for code, name, name_en, rule in TERMS:
        terms = terms_model.objects.create(code=code, name=name, name_en=name_en, **rule)
        part_model.objects.bulk_create(
            part_model(terms=terms, position=position, kind=kind, percent=percent, months=months, days=days)
            for position, (kind, percent, months, days) in enumerate(PARTS.get(code, []), start=1)
        )


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunPython(deliver, migrations.RunPython.noop)]
