from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.core import audit_labels, search


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only when the apps are loaded.
        from customers.selectors.search import find  # noqa: PLC0415

        search.register(
            key="customers", label=_("Customers"), find=find, permission="customers.view_customer"
        )
        audit_labels.register(
            {
                "customer.created": _("created the customer"),
                "customer.changed": _("changed the customer"),
                "customer.status_changed": _("changed the customer's status"),
                "customer.sales_owner_assigned": _("handed over to another sales owner"),
                "customer.collector_assigned": _("handed over to another collector"),
                "customer.grouped": _("put into a group"),
                "customer.ungrouped": _("taken out of the group"),
                "contact.added": _("added a contact"),
                "contact.changed": _("changed a contact"),
                "contact.removed": _("removed a contact"),
                "payment_terms.created": _("created payment terms"),
                "payment_terms.changed": _("changed payment terms"),
                "payment_terms.removed": _("removed payment terms"),
            }
        )
