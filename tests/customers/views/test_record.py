"""A customer's page and its forms, in every state."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core.models import AuditEvent
from config.core.roles import Role
from customers.models import Contact, Customer, PaymentTerms
from customers.selectors import timeline
from customers.services import contacts, customers, groups

GOOD = "91330100799655058B"
pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(client_for, unit):
    return client_for(Role.CREDIT_ANALYST, units=[unit], display_name="爱丽丝")


@pytest.fixture
def auditor(client_for, unit):
    return client_for(Role.AUDITOR, units=[unit])


def page(client, customer, **query):
    answer = client.get(f"/customers/{customer.pk}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def form_of(client, address):
    """Return what a browser would send if nobody touched the form."""
    form = client.get(address).context["form"]
    values = {}
    for field in form:
        value = field.value()
        if value not in (None, False):
            values[field.html_name] = "on" if value is True else getattr(value, "pk", value)
    return values


def test_the_page_tells_who_the_customer_is(analyst, make_customer, stop_clock):
    stop_clock("2026-11-23 10:00")
    terms = PaymentTerms.objects.get(code="NET30")
    customer = make_customer(
        "新禾电子有限公司", uscc=GOOD, region="浙江", industry="电子", segment="key", status="prospect", payment_terms=terms,
        sales_owner=analyst.user, collector=analyst.user, customer_since="2020-11-24",
    )  # fmt: skip
    text = page(analyst, customer)
    for part in (
        "新禾电子有限公司",
        GOOD,
        "浙江",
        "电子",
        "Key customer",
        "Prospect",
        "with us for 5 years",
        "30 days net",
        "爱丽丝",
    ):
        assert part in text


@pytest.mark.parametrize("tab", ["data", "contacts", "group", "nonsense"])
def test_every_tab_has_its_empty_state(analyst, auditor, make_customer, tab):
    customer = make_customer()
    for client in (analyst, auditor):
        text = page(client, customer, tab=tab)
        if tab == "contacts":
            assert "No contact yet." in text
            assert ("Add a contact" in text) is (client is analyst)
        if tab == "group":
            assert "belongs to no group" in text


def test_who_may_only_see_gets_no_buttons(auditor, make_customer):
    text = page(auditor, make_customer())
    assert "Change status" not in text
    assert "/edit/" not in text


def test_the_page_says_what_the_record_lacks_most(analyst, make_customer):
    customer = make_customer(uscc=GOOD)
    assert "Give the customer payment terms" in page(analyst, customer)
    terms = PaymentTerms.objects.first()
    customers.update(customer=customer, actor=None, expected_version=None, payment_terms=terms)
    assert "Name a sales owner" in page(analyst, customer)
    customers.change_status(customer=customer, status="closed", reason="x", actor=None)
    assert "Next step" not in page(analyst, customer)


def test_out_of_scope_is_not_found(client_for, make_customer, unit, other_unit):
    customer = make_customer()
    contact = contacts.create(customer=customer, name="王", actor=None)
    for client in (
        client_for(Role.CREDIT_ANALYST, units=[other_unit]),
        client_for(Role.CREDIT_ANALYST),
    ):
        place = f"/customers/{customer.pk}/"
        for path in ("", "edit/", "history/", "contacts/", f"contacts/{contact.pk}/"):
            assert client.get(place + path).status_code == 404, path
        for path in (
            "edit/",
            "status/",
            "group/",
            "contacts/new/",
            f"contacts/{contact.pk}/",
            f"contacts/{contact.pk}/delete/",
        ):
            assert client.post(place + path, {"name": "x"}).status_code == 404, path
    assert (
        client_for(Role.SALESPERSON, units=[unit]).get(f"/customers/{customer.pk}/").status_code
        == 404
    )
    assert Customer.objects.get().version == 1


def test_the_timeline_is_told_for_people(analyst, make_customer, make_user, unit, other_unit):
    bob = make_user(Role.SALESPERSON, units=[unit], display_name="鲍勃")
    customer = make_customer("新禾电子有限公司", actor=analyst.user, region="浙江")
    hidden = make_customer("外地母公司", unit=other_unit)
    customers.update(
        customer=customer,
        actor=analyst.user,
        expected_version=None,
        region="上海",
        segment="key",
        sales_owner=bob,
    )
    groups.set_parent(customer=customer, parent=hidden, actor=None, expected_version=None)
    customers.change_status(customer=customer, status="dormant", reason="半年无订单", actor=None)
    contacts.create(customer=customer, name="王芳", actor=None, role="finance")
    customers.update(
        customer=customer,
        actor=None,
        expected_version=None,
        industry="a",
        address="b",
        name_en="c",
        short_name="d",
        note="e",
    )
    found = timeline.of_customer(customer=customer, user=analyst.user, limit=20)
    told = [(entry.title, entry.note) for entry in found.entries]
    assert told[1:] == [
        ("Added a contact", "System · Finance"),
        ("Changed the customer's status", "System · Status: Active → Dormant; 半年无订单"),
        ("Put into a group", "System · Group parent: — → (out of your scope)"),
        ("Changed the customer", "爱丽丝 · Region: 浙江 → 上海; Segment: Regular customer → Key customer; Sales owner: — → 鲍勃"),
        ("Created the customer", "爱丽丝"),
    ]  # fmt: skip
    assert told[0][1].endswith("; 1 more")
    assert found.older_than is None


def test_the_timeline_goes_on_page_by_page(analyst, make_customer):
    customer = make_customer()
    for n in range(60):
        customers.update(customer=customer, actor=None, expected_version=None, region=f"R{n}")
    place = f"/customers/{customer.pk}/history/"
    first = analyst.get(place).context["timeline"]
    assert len(first.entries) == 50
    second = analyst.get(place, {"before": first.older_than}).context["timeline"]
    assert len(second.entries) == 11
    assert second.older_than is None
    assert analyst.get(place, {"before": "x"}).status_code == 200


def test_the_page_takes_as_many_queries_for_much_as_for_little(analyst, make_customer):
    counts = []
    terms = PaymentTerms.objects.first()
    for size in (2, 12):
        customer = make_customer("公司", sales_owner=analyst.user, payment_terms=terms)
        for n in range(size):
            collector = analyst.user if n % 2 else None
            customers.update(
                customer=customer,
                actor=None,
                expected_version=None,
                region=f"R{n}",
                collector=collector,
            )
            contacts.create(customer=customer, name=f"王{n}", actor=None)
            groups.set_parent(
                customer=make_customer(f"成员{n}"),
                parent=customer,
                actor=None,
                expected_version=None,
            )
        page(analyst, customer)  # the first request of a session writes when it was seen
        with CaptureQueriesContext(connection) as queries:
            page(analyst, customer, tab="contacts")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20


# Making and changing ------------------------------------------------------------------------------


def test_a_customer_is_added_by_the_form(analyst, unit):
    values = form_of(analyst, "/customers/new/")
    assert (values["currency"], values["segment"]) == ("CNY", "regular")
    values |= {
        "unit": unit.pk,
        "code": "C-1",
        "name": "新禾电子有限公司",
        "uscc": "9133 0100 7996 5505 8B",
        "registered_capital": "5000000",
    }
    answer = analyst.post("/customers/new/", values, follow=True)
    customer = Customer.objects.get()
    assert answer.redirect_chain[-1][0] == f"/customers/{customer.pk}/"
    assert (customer.uscc, customer.unit, str(customer.registered_capital)) == (
        GOOD,
        unit,
        "5000000.00",
    )
    assert "新禾电子有限公司 was added." in answer.content.decode()
    assert AuditEvent.objects.get(action="customer.created").actor == analyst.user


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"uscc": "91330100799655058A"}, "does not fit the 17 before it"),
        ({"code": "C-0"}, "already used in"),
        ({"currency": "KWD"}, "at most two decimals"),
        ({"unit": "999999"}, "Select a valid choice"),
        ({"established_on": "01.02.2020"}, "YYYY-MM-DD"),
        ({"name": "新\u202e禾"}, "can not be shown"),
        ({"registered_capital": "1.005"}, "2 decimal places"),
    ],
)
def test_what_is_wrong_stands_on_the_form_with_what_was_typed(
    analyst, make_customer, unit, change, sentence
):
    make_customer("旧客户", code="C-0")
    values = (
        form_of(analyst, "/customers/new/")
        | {"unit": unit.pk, "code": "C-1", "name": "新禾电子有限公司", "region": "浙江"}
        | change
    )
    answer = analyst.post("/customers/new/", values)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert sentence in text
    assert "浙江" in text
    assert Customer.objects.count() == 1


def test_a_likely_duplicate_asks_first(analyst, make_customer, unit):
    known = make_customer("新禾电子股份有限公司")
    values = form_of(analyst, "/customers/new/") | {
        "unit": unit.pk,
        "code": "C-1",
        "name": "新禾电子有限公司",
    }
    answer = analyst.post("/customers/new/", values)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "This company may be known already." in text
    assert f'href="/customers/{known.pk}/"' in text
    assert Customer.objects.count() == 1
    assert analyst.post("/customers/new/", values | {"another_company": "1"}).status_code == 302
    assert Customer.objects.count() == 2


def test_a_customer_is_changed_by_the_form(analyst, make_customer):
    parent = make_customer("母公司")
    customer = make_customer(
        "新禾电子有限公司", region="浙江", parent=parent, established_on="2010-01-02", note="旧"
    )
    place = f"/customers/{customer.pk}/edit/"
    assert "母公司" in analyst.get(place).content.decode()
    values = form_of(analyst, place) | {"region": "上海", "version": 1}
    assert analyst.post(place, values).status_code == 302
    customer.refresh_from_db()
    assert (customer.region, customer.version, customer.parent, str(customer.established_on)) == (
        "上海",
        2,
        parent,
        "2010-01-02",
    )
    assert AuditEvent.objects.latest("pk").after == {"region": "上海"}


def test_an_edit_of_an_old_version_is_refused_on_the_form(analyst, make_customer):
    customer = make_customer(region="浙江")
    place = f"/customers/{customer.pk}/edit/"
    values = form_of(analyst, place)
    customers.update(customer=customer, actor=None, expected_version=None, region="上海")
    for version in (1, "", "x"):
        answer = analyst.post(place, values | {"region": "江苏", "version": version})
        assert answer.status_code == 422
        assert "Somebody else changed this record" in answer.content.decode()
    customer.refresh_from_db()
    assert customer.region == "上海"


def test_terms_that_were_switched_off_stay_a_choice_for_who_has_them(analyst, make_customer):
    terms = PaymentTerms.objects.get(code="COD")
    customer, other = make_customer("甲", payment_terms=terms), make_customer("乙")
    PaymentTerms.objects.filter(pk=terms.pk).update(is_active=False)
    choices = {
        c: analyst.get(f"/customers/{c.pk}/edit/").context["form"].fields["payment_terms"].queryset
        for c in (customer, other)
    }
    assert terms in choices[customer]
    assert terms not in choices[other]


def test_the_code_is_checked_while_it_is_typed(analyst, make_customer):
    known = make_customer("新禾电子有限公司", uscc=GOOD)

    def hints(**query):
        return analyst.get("/customers/hints/", query, HTTP_HX_REQUEST="true").content.decode()

    assert hints().strip() == ""
    assert "has 3." in hints(uscc="913")
    assert "is well formed" in hints(uscc="9144 0300 1234 5022 0Y")
    assert "same credit code" in hints(uscc=GOOD, name="别家")
    assert "same name" in hints(name="新禾电子")
    assert "may be known" not in hints(name="新禾电子", uscc=GOOD, customer=known.pk)
    assert "may be known" in hints(name="新禾电子", customer="x")


def test_an_odd_organisation_code_is_a_warning_while_typing(analyst):
    from_valid = "91330100MA01DEM08"
    code = from_valid + customers.uscc.check_character(from_valid)
    assert (
        "another check character"
        in analyst.get("/customers/hints/", {"uscc": code}).content.decode()
    )


def test_the_status_changes_with_a_reason(analyst, make_customer):
    customer = make_customer()
    place = f"/customers/{customer.pk}/status/"
    refused = analyst.post(place, {"status": "closed", "reason": " ", "version": 1})
    assert refused.status_code == 422
    assert "This field is required." in refused.content.decode()
    refused = analyst.post(place, {"status": "prospect", "reason": "x", "version": 1})
    assert "can not become" in refused.content.decode()
    refused = analyst.post(place, {"status": "closed", "reason": "x", "version": 9})
    assert "Somebody else changed" in refused.content.decode()
    answer = analyst.post(place, {"status": "closed", "reason": "注销", "version": 1}, follow=True)
    assert "is now “Closed”" in answer.content.decode()
    customer.refresh_from_db()
    assert customer.status == "closed"


@pytest.mark.parametrize(
    "path", ["new/", "hints/", "1/edit/", "1/status/", "1/group/", "1/contacts/new/", "assign/"]
)
def test_who_may_only_see_is_refused(auditor, path):
    assert auditor.post(f"/customers/{path}").status_code in {403, 405}
    if path in {"new/", "hints/", "1/edit/"}:
        assert auditor.get(f"/customers/{path}").status_code == 403


# Contacts and groups ------------------------------------------------------------------------------


def test_contacts_are_edited_in_place(analyst, make_customer):
    customer = make_customer()
    place = f"/customers/{customer.pk}/contacts/"
    made = analyst.post(
        f"{place}new/",
        {
            "name": "王芳",
            "role": "finance",
            "phone": "138 0013",
            "email": "wang@example.com",
            "is_primary": "on",
        },
    )
    contact = Contact.objects.get()
    assert made["HX-Retarget"] == "#contacts"
    assert "Main contact" in made.content.decode()
    assert 'href="tel:1380013"' in made.content.decode()
    assert "王芳" in page(analyst, customer, tab="contacts")
    form = analyst.get(f"{place}{contact.pk}/")
    assert 'value="王芳"' in form.content.decode()
    wrong = analyst.post(f"{place}{contact.pk}/", {"name": "", "role": "finance", "version": 1})
    assert wrong.status_code == 422
    stale = analyst.post(f"{place}{contact.pk}/", {"name": "李", "role": "finance", "version": 5})
    assert "Somebody else changed" in stale.content.decode()
    saved = analyst.post(f"{place}{contact.pk}/", {"name": "李娜", "role": "legal", "version": 1})
    assert (saved.status_code, saved["HX-Retarget"]) == (200, "#contacts")
    contact.refresh_from_db()
    assert (contact.name, contact.role, contact.is_primary, contact.version) == (
        "李娜",
        "legal",
        False,
        2,
    )
    assert analyst.get(place).status_code == 200
    assert analyst.post(f"{place}{contact.pk}/delete/", {"version": 1}).status_code == 412
    gone = analyst.post(f"{place}{contact.pk}/delete/", {"version": 2})
    assert "No contact yet." in gone.content.decode()
    assert not Contact.objects.exists()


def test_a_contact_that_can_not_be_taken_keeps_what_was_typed(analyst, make_customer):
    customer = make_customer()
    answer = analyst.post(
        f"/customers/{customer.pk}/contacts/new/",
        {"name": "王芳", "role": "finance", "email": "nobody"},
    )
    assert answer.status_code == 422
    assert 'value="王芳"' in answer.content.decode()
    assert "Enter a valid email address." in answer.content.decode()
    assert not Contact.objects.exists()


def test_a_contact_of_another_customer_is_not_found(analyst, make_customer):
    contact = contacts.create(customer=make_customer("甲"), name="王", actor=None)
    other = make_customer("乙")
    assert analyst.get(f"/customers/{other.pk}/contacts/{contact.pk}/").status_code == 404


def test_a_customer_joins_and_leaves_a_group(analyst, make_customer, other_unit):
    top, member = make_customer("母公司"), make_customer("子公司")
    hidden = make_customer("外地公司", unit=other_unit)
    place = f"/customers/{member.pk}/group/"
    assert (
        "no such group parent"
        in analyst.post(place, {"parent": hidden.pk, "version": 1}, follow=True).content.decode()
    )
    answer = analyst.post(place, {"parent": top.pk, "version": 1}, follow=True)
    assert answer.redirect_chain == [(f"/customers/{member.pk}/?tab=group", 302)]
    assert "The group was changed." in answer.content.decode()
    assert "母公司 (2)" in answer.content.decode()
    circle = analyst.post(
        f"/customers/{top.pk}/group/", {"parent": member.pk, "version": 1}, follow=True
    )
    assert "can not be its parent" in circle.content.decode()
    overview = analyst.get("/customers/groups/").content.decode()
    assert "母公司" in overview
    assert "2 customers" in overview
    analyst.post(place, {"parent": "", "version": 2})
    member.refresh_from_db()
    assert member.parent is None


def test_without_groups_the_page_says_how_to_make_one(analyst):
    assert "There are no groups yet." in analyst.get("/customers/groups/").content.decode()
