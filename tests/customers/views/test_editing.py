"""Making and changing customers by the form."""

from __future__ import annotations

import pytest

from config.core.models import AuditEvent
from config.core.roles import Role
from customers.models import Customer, PaymentTerms
from customers.services import customers

GOOD = "91330100799655058B"
pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(client_for, unit):
    return client_for(Role.CREDIT_ANALYST, units=[unit], display_name="爱丽丝")


@pytest.fixture
def auditor(client_for, unit):
    return client_for(Role.AUDITOR, units=[unit])


def form_of(client, address):
    """Return what a browser would send if nobody touched the form."""
    form = client.get(address).context["form"]
    values = {}
    for field in form:
        value = field.value()
        if value not in (None, False):
            values[field.html_name] = "on" if value is True else getattr(value, "pk", value)
    return values


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
