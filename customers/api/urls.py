"""The REST API of customers, below /api/v1/."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from customers.api.customers import ContactViewSet, CustomerViewSet
from customers.api.terms import PaymentTermsViewSet

router = SimpleRouter()
router.register("customers", CustomerViewSet, basename="api-customer")
router.register(
    r"customers/(?P<customer_pk>[0-9]{1,18})/contacts", ContactViewSet, basename="api-contact"
)
router.register("payment-terms", PaymentTermsViewSet, basename="api-payment-terms")

urlpatterns = [path("", include(router.urls))]
