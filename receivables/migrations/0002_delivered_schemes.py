"""The two aging schemes a new installation starts with."""

from django.db import migrations

DAYS, YEARS = "days", "years"
# code, label, English label, inclusive upper edge, its unit
CHINESE = [
    ("not_due", "未到期", "Not due", 0, DAYS),
    ("d1_30", "1–30", "1–30", 30, DAYS),
    ("d31_60", "31–60", "31–60", 60, DAYS),
    ("d61_90", "61–90", "61–90", 90, DAYS),
    ("d91_180", "91–180", "91–180", 180, DAYS),
    ("d181_365", "181–365", "181–365", 1, YEARS),
    ("y1_2", "1–2年", "1–2 years", 2, YEARS),
    ("y2_3", "2–3年", "2–3 years", 3, YEARS),
    ("over_y3", "3年以上", "Over 3 years", None, YEARS),
]
INTERNATIONAL = [
    ("not_due", "未到期", "Not due", 0, DAYS),
    ("d1_30", "1–30", "1–30", 30, DAYS),
    ("d31_60", "31–60", "31–60", 60, DAYS),
    ("d61_90", "61–90", "61–90", 90, DAYS),
    ("over_d90", "90以上", "Over 90", None, DAYS),
]
SCHEMES = [
    ("china", "中国常用（九段）", "China, nine buckets", True, CHINESE),
    ("international", "国际通用（五段）", "International, five buckets", False, INTERNATIONAL),
]


def deliver(apps, schema_editor):
    scheme_model = apps.get_model("receivables", "AgingScheme")
    bucket_model = apps.get_model("receivables", "AgingBucket")
    for code, name, name_en, is_default, buckets in SCHEMES:
        scheme = scheme_model.objects.create(code=code, name=name, name_en=name_en, is_default=is_default)
        bucket_model.objects.bulk_create(
            bucket_model(
                scheme=scheme, position=position, code=bucket_code, label=label, label_en=label_en,
                upper=upper, upper_unit=unit,
            )
            for position, (bucket_code, label, label_en, upper, unit) in enumerate(buckets)
        )


class Migration(migrations.Migration):
    dependencies = [("receivables", "0001_initial")]
    operations = [migrations.RunPython(deliver, migrations.RunPython.noop)]
