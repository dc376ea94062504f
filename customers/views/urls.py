"""Pages of customers, below /customers/."""

from __future__ import annotations

from django.urls import path

from customers.views import contacts, editing, groups, listing, record, terms

app_name = "customers"
urlpatterns = [
    path("", listing.index, name="list"),
    path("assign/", listing.assign, name="assign"),
    path("options/", listing.options, name="options"),
    path("new/", editing.create, name="create"),
    path("hints/", editing.hints, name="hints"),
    path("groups/", groups.index, name="groups"),
    path("terms/", terms.index, name="terms"),
    path("terms/new/", terms.create, name="terms_create"),
    path("terms/preview/", terms.preview, name="terms_preview"),
    path("terms/<int:pk>/", terms.edit, name="terms_edit"),
    path("terms/<int:pk>/delete/", terms.remove, name="terms_delete"),
    path("<int:pk>/", record.detail, name="detail"),
    path("<int:pk>/edit/", editing.edit, name="edit"),
    path("<int:pk>/status/", editing.change_status, name="status"),
    path("<int:pk>/history/", record.history, name="history"),
    path("<int:pk>/group/", groups.set_parent, name="set_parent"),
    path("<int:pk>/contacts/", contacts.index, name="contacts"),
    path("<int:pk>/contacts/new/", contacts.create, name="contact_create"),
    path("<int:pk>/contacts/<int:contact_pk>/", contacts.edit, name="contact_edit"),
    path("<int:pk>/contacts/<int:contact_pk>/delete/", contacts.remove, name="contact_delete"),
]
