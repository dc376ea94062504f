"""Vacuum the ledger after some thousand changes instead of a fifth of it.

Aging reads covering indexes without touching the tables, as long as their pages are marked visible.
A burst of 10,000 paid items in a million takes the marks from most pages: 62,000 rows were then
fetched and three times the buffers read, until a vacuum of one second. PostgreSQL's default would
wait for 336,000 changes (see docs/benchmarks.md).
"""

from django.db import migrations

LEDGER = ("receivables_openitem", "receivables_allocation")
SETTINGS = {
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_scale_factor": "0.002",
    "autovacuum_vacuum_insert_threshold": "2000",
    "autovacuum_vacuum_insert_scale_factor": "0.005",
    "autovacuum_analyze_scale_factor": "0.02",
}


class Migration(migrations.Migration):
    dependencies = [("receivables", "0005_allocation_fits_its_items")]
    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} SET ({', '.join(f'{name} = {value}' for name, value in SETTINGS.items())})",
            f"ALTER TABLE {table} RESET ({', '.join(SETTINGS)})",
        )
        for table in LEDGER
    ]
