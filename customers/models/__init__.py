from customers.models.contacts import Contact
from customers.models.customers import Customer, CustomerQuerySet
from customers.models.terms import PaymentTerms, PaymentTermsInstalment

__all__ = ["Contact", "Customer", "CustomerQuerySet", "PaymentTerms", "PaymentTermsInstalment"]
