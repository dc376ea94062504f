from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.core import audit_labels, search


class ReceivablesConfig(AppConfig):
    name = "receivables"
    verbose_name = _("Receivables")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only when the apps are loaded.
        from receivables.selectors.item_events import find  # noqa: PLC0415

        search.register(
            key="items", label=_("Documents"), find=find, permission="receivables.view_openitem"
        )
        audit_labels.register(
            {
                "open_item.posted": _("posted the document"),
                "open_item.reversed": _("reversed the document"),
                "open_item.classified": _("set the arrears type"),
                "allocation.made": _("applied a credit"),
                "allocation.taken_back": _("took an allocation back"),
                "import.uploaded": _("sent a file"),
                "import.done": _("imported a file"),
                "import.checked": _("checked a file"),
                "import.refused": _("sent a file that was refused"),
                "alert.acknowledged": _("acknowledged an alert"),
                "alert.closed": _("closed an alert"),
                "alert.escalated": _("passed an alert on to the manager"),
                "alert_rule.changed": _("changed an alert rule"),
                "review.finished": _("reviewed the day"),
                "aging_scheme.created": _("added an aging scheme"),
                "aging_scheme.changed": _("changed an aging scheme"),
                "aging_scheme.deleted": _("deleted an aging scheme"),
            }
        )
