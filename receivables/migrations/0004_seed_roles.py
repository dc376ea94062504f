"""The groups of the roles, with their permissions; later releases add a migration like this one."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

from config.core.services import roles


def seed(apps, schema_editor):
    # Permissions are otherwise created after all migrations have run.
    for app_config in apps.get_app_configs():
        app_config.models_module = True
        create_permissions(app_config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
        app_config.models_module = None
    roles.seed_roles(
        groups=apps.get_model("auth", "Group").objects,
        permissions=apps.get_model("auth", "Permission").objects,
        strict=False,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("receivables", "0003_delivered_alert_rules"),
        ("customers", "0001_initial"),
        ("core", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
