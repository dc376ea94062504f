"""/api/v1/customers/: scope, shape, versions, and what nobody may write."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core.roles import Role
from customers.domain import uscc
from customers.models import Contact, Customer, PaymentTerms
from customers.services import contacts, groups

GOOD = "91330100799655058B"
URL = "/api/v1/customers/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(make_user, unit):
    return make_user(Role.CREDIT_ANALYST, units=[unit], username="alice")


@pytest.fixture
def api(api_client, analyst):
    return api_client(analyst)


def test_a_customer_is_created_and_read_back(api, unit, make_user):
    seller = make_user(Role.SALESPERSON, units=[unit], username="bob")
    body = {
        "unit": unit.code, "code": "C-1", "name": "新禾电子有限公司", "uscc": "9133 0100 7996 5505 8B", "segment": "key",
        "registered_capital": "5000000.00", "established_on": "2010-01-02", "payment_terms": "NET30",
        "sales_owner": seller.username, "collector": None, "note": "一\n二",
    }  # fmt: skip
    answer = api.post(URL, body)
    assert answer.status_code == 201, answer.json()
    created = answer.json()
    assert created["uscc"] == GOOD
    assert (created["registered_capital"], created["paid_in_capital"]) == ("5000000.00", None)
    assert (created["sales_owner"], created["payment_terms"], created["unit"]) == (
        "bob",
        "NET30",
        unit.code,
    )
    assert (created["similar"], created["warnings"]) == ([], [])
    assert answer["ETag"] == '"1"'
    assert answer["Location"].endswith(f"{URL}{created['id']}/")
    read = api.get(f"{URL}{created['id']}/")
    assert read["ETag"] == '"1"'
    assert read.json() == {k: v for k, v in created.items() if k not in {"similar", "warnings"}}
    assert read.json()["established_on"] == "2010-01-02"


def test_creating_tells_of_likely_duplicates_and_odd_codes(api, unit, make_customer):
    known = make_customer("新禾电子股份有限公司")
    body = "91330100MA01DEM08"  # 7 would fit the organisation code
    odd = body + uscc.check_character(body)
    answer = api.post(
        URL,
        {"unit": unit.code, "code": "C-9", "name": "新禾电子有限公司", "uscc": odd},
        headers={"accept-language": "en"},
    )
    assert answer.status_code == 201
    assert answer.json()["similar"] == [
        {"id": known.pk, "code": known.code, "name": known.name, "likeness": "same_name"}
    ]
    assert "business licence" in answer.json()["warnings"][0]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"uscc": "91330100799655058A"}, 422, "uscc"),
        ({"code": "C-0"}, 409, "code"),
        ({"unit": "ELSEWHERE"}, 400, "unit"),
        ({"unit": 1}, 400, "unit"),
        ({"segment": "best"}, 400, "segment"),
        ({"registered_capital": 5.0}, 400, "registered_capital"),
        ({"registered_capital": "-1.00"}, 400, "registered_capital"),
        ({"established_on": "02.01.2010"}, 400, "established_on"),
        ({"parent": "1"}, 400, "parent"),
        ({"parent": 999999}, 400, "parent"),
        ({"sales_owner": "nobody"}, 400, "sales_owner"),
        ({"version": 7}, 400, "version"),
        ({"code_key": "X"}, 400, "code_key"),
        ({"search_keys": "X"}, 400, "search_keys"),
        ({"id": 7}, 400, "id"),
        ({"created_at": "2020-01-01T00:00:00Z"}, 400, "created_at"),
        ({"name": "\u202eevil"}, 400, "name"),
    ],
)
def test_a_body_that_can_not_be_taken_is_refused_with_its_place(
    api, unit, make_customer, change, status, field
):
    make_customer(code="C-0")
    body = {"unit": unit.code, "code": "C-1", "name": "新禾电子有限公司"} | change
    answer = api.post(URL, body)
    assert answer.status_code == status, answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert Customer.objects.count() == 1


def test_alice_sees_her_unit_bob_his_customers_charlie_nothing(
    api_client, make_user, unit, other_unit, make_customer, analyst
):
    bob = make_user(Role.SALESPERSON, units=[unit])
    charlie = make_user(Role.CREDIT_ANALYST, units=[other_unit])
    first, second = make_customer("甲公司", sales_owner=bob), make_customer("乙公司")
    seen = {}
    for user in (analyst, bob, charlie):
        client = api_client(user)
        seen[user] = {row["id"] for row in client.get(URL).json()["results"]}
        expected = {first.pk: 200, second.pk: 200} if user == analyst else {}
        if user == bob:
            expected = {first.pk: 200, second.pk: 404}
        for customer in (first, second):
            assert client.get(f"{URL}{customer.pk}/").status_code == expected.get(customer.pk, 404)
    assert seen == {analyst: {first.pk, second.pk}, bob: {first.pk}, charlie: set()}


def test_nobody_writes_to_what_is_out_of_scope(
    api_client, make_user, unit, other_unit, make_customer
):
    customer = make_customer("甲公司")
    contact = contacts.create(customer=customer, name="王", actor=None)
    client = api_client(make_user(Role.CREDIT_ANALYST, units=[other_unit]))
    headers = {"HTTP_IF_MATCH": '"1"'}
    place = f"{URL}{customer.pk}/"
    assert client.patch(place, {"region": "上海"}, **headers).status_code == 404
    assert (
        client.post(f"{place}status/", {"status": "closed", "reason": "x"}, **headers).status_code
        == 404
    )
    assert client.get(f"{place}contacts/").status_code == 404
    assert client.post(f"{place}contacts/", {"name": "李"}).status_code == 404
    assert (
        client.patch(f"{place}contacts/{contact.pk}/", {"name": "李"}, **headers).status_code == 404
    )
    assert client.delete(f"{place}contacts/{contact.pk}/", **headers).status_code == 404
    assert (
        client.post(
            f"{URL}assignments/", {"customers": [customer.pk], "collector": None}
        ).status_code
        == 422
    )
    assert client.post(URL, {"unit": unit.code, "code": "X", "name": "乙"}).status_code == 400
    mine = make_customer("丙公司", unit=other_unit)
    assert client.patch(f"{URL}{mine.pk}/", {"parent": customer.pk}, **headers).status_code == 400
    customer.refresh_from_db()
    assert (customer.version, customer.region, Contact.objects.get().name) == (1, "", "王")


@pytest.mark.parametrize(
    "role", [Role.AUDITOR, Role.SALESPERSON, Role.COLLECTOR, Role.CASHIER, Role.FINANCE_MANAGER]
)
def test_who_may_only_see_can_not_write(api_client, make_user, unit, make_customer, role):
    user = make_user(role, units=[unit])
    customer = make_customer(sales_owner=user)
    client = api_client(user)
    assert client.get(URL).status_code == 200
    assert client.post(URL, {"unit": unit.code, "code": "X", "name": "乙"}).status_code == 403
    assert (
        client.patch(f"{URL}{customer.pk}/", {"region": "x"}, HTTP_IF_MATCH='"1"').status_code
        == 403
    )
    assert (
        client.post(
            f"{URL}assignments/", {"customers": [customer.pk], "collector": None}
        ).status_code
        == 403
    )
    assert Customer.objects.get().version == 1


def test_a_stranger_is_asked_to_sign_in(api_client):
    assert api_client().get(URL).status_code == 401


def test_a_patch_names_the_version_it_read(api, make_customer):
    customer = make_customer()
    place = f"{URL}{customer.pk}/"
    assert api.patch(place, {"region": "上海"}).status_code == 428
    assert api.patch(place, {"region": "上海"}, HTTP_IF_MATCH='W/"1"').status_code == 412
    answer = api.patch(place, {"region": "上海", "sales_owner": "alice"}, HTTP_IF_MATCH='"1"')
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert (answer.json()["region"], answer.json()["sales_owner"], answer.json()["version"]) == (
        "上海",
        "alice",
        2,
    )
    stale = api.patch(place, {"region": "江苏"}, HTTP_IF_MATCH='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    customer.refresh_from_db()
    assert (customer.region, customer.version) == ("上海", 2)


@pytest.mark.parametrize("member", ["unit", "status", "version", "id", "search_keys"])
def test_a_patch_does_not_reach_what_is_not_its_own(api, unit, make_customer, member):
    customer = make_customer()
    values = {"unit": unit.code, "status": "closed", "version": 3, "id": 3, "search_keys": "x"}
    answer = api.patch(f"{URL}{customer.pk}/", {member: values[member]}, HTTP_IF_MATCH='"1"')
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == member


def test_the_status_has_its_own_resource(api, make_customer):
    customer = make_customer()
    place = f"{URL}{customer.pk}/status/"
    assert api.post(place, {"status": "closed", "reason": "注销"}).status_code == 428
    answer = api.post(place, {"status": "closed", "reason": "注销"}, HTTP_IF_MATCH='"1"')
    assert (answer.status_code, answer.json()["status"], answer["ETag"]) == (200, "closed", '"2"')
    refused = api.post(place, {"status": "prospect", "reason": "x"}, HTTP_IF_MATCH='"2"')
    assert (refused.status_code, refused.json()["code"]) == (409, "status_transition")


def test_customers_are_handed_over_together(api, make_customer, make_user, unit):
    seller = make_user(Role.SALESPERSON, units=[unit], username="bob")
    rows = [make_customer(f"客户{n}") for n in range(3)]
    body = {"customers": [r.pk for r in rows], "sales_owner": "bob", "collector": "alice"}
    assert api.post(f"{URL}assignments/", body).json() == {"changed": 6}
    assert set(Customer.objects.values_list("sales_owner__username", "collector__username")) == {
        ("bob", "alice")
    }
    assert api.post(f"{URL}assignments/", {"customers": [rows[0].pk]}).status_code == 400
    assert api.post(f"{URL}assignments/", {"customers": [], "collector": None}).status_code == 400
    assert seller.sold_to.count() == 3


def test_the_list_filters(api, make_customer, make_user, unit, other_unit, analyst):
    bob = make_user(Role.SALESPERSON, units=[unit], username="bob")
    top = make_customer("新禾控股", code="A-1", segment="key", region="浙江")
    member = make_customer(
        "新禾电子",
        code="A-2",
        uscc=GOOD,
        industry="电子",
        sales_owner=bob,
        payment_terms=PaymentTerms.objects.get(code="COD"),
    )
    other = make_customer(
        "别家贸易",
        code="B-1",
        status="prospect",
        collector=analyst,
        kind="foreign",
        size_class="small",
    )
    groups.set_parent(customer=member, parent=top, actor=None, expected_version=None)

    def found(**query):
        answer = api.get(URL, query)
        assert answer.status_code == 200, answer.json()
        return [row["id"] for row in answer.json()["results"]]

    assert found() == [top.pk, member.pk, other.pk]
    assert found(ordering="-code") == [other.pk, member.pk, top.pk]
    assert found(ordering="sort_key") == [other.pk, member.pk, top.pk]
    assert found(unit=unit.code) == [top.pk, member.pk, other.pk]
    assert found(segment="key") == [top.pk]
    assert found(segment=["key", "regular"]) == [top.pk, member.pk, other.pk]
    assert found(status="prospect") == [other.pk]
    assert found(kind="foreign") == found(size_class="small") == [other.pk]
    assert found(industry="电子") == found(sales_owner="bob") == found(parent=top.pk) == [member.pk]
    assert found(region="浙江") == [top.pk]
    assert found(collector="alice") == [other.pk]
    assert found(payment_terms="COD") == [member.pk]
    assert found(uscc="9133 0100 7996 5505 8b") == [member.pk]
    assert found(code="a-2") == [member.pk]
    assert found(q="xinhe") == [top.pk, member.pk]
    for query in (
        {"unit": other_unit.code},
        {"colour": "red"},
        {"parent": "x"},
        {"ordering": "note"},
        {"segment": "best"},
    ):
        assert api.get(URL, query).status_code == 400, query


def test_pages_go_on_by_cursor(api, make_customer):
    made = [make_customer(f"客户{n}", code=f"C-{n}").pk for n in range(5)]
    seen, url = [], f"{URL}?page_size=2&ordering=sort_key"
    while url:
        body = api.get(url).json()
        seen += [row["id"] for row in body["results"]]
        url = body["next"]
    assert sorted(seen) == made


def test_the_list_takes_the_same_queries_for_any_number(api, make_customer, analyst):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert api.get(URL).status_code == 200
        return len(queries)

    make_customer("甲", sales_owner=analyst, payment_terms=PaymentTerms.objects.first())
    first = count()
    for n in range(20):
        make_customer(f"客户{n}", sales_owner=analyst, payment_terms=PaymentTerms.objects.first())
    assert count() <= first


def test_contacts_of_a_customer(api, make_customer):
    customer, other = make_customer("甲"), make_customer("乙")
    place = f"{URL}{customer.pk}/contacts/"
    made = api.post(place, {"name": "王芳", "role": "finance", "phone": "138", "is_primary": True})
    assert (made.status_code, made["ETag"]) == (201, '"1"')
    one = f"{place}{made.json()['id']}/"
    assert api.get(one).json() == made.json()
    assert [row["name"] for row in api.get(place).json()["results"]] == ["王芳"]
    assert api.get(f"{URL}{other.pk}/contacts/{made.json()['id']}/").status_code == 404
    assert api.patch(one, {"phone": "139"}).status_code == 428
    changed = api.patch(one, {"phone": "139"}, HTTP_IF_MATCH='"1"')
    assert (changed.json()["phone"], changed.json()["name"], changed["ETag"]) == (
        "139",
        "王芳",
        '"2"',
    )
    assert api.patch(one, {"phone": "137"}, HTTP_IF_MATCH='"1"').status_code == 412
    for body in (
        {"customer": other.pk},
        {"email": "nobody"},
        {"is_primary": "yes"},
        {"role": "chef"},
    ):
        assert api.patch(one, body, HTTP_IF_MATCH='"2"').status_code == 400
    assert api.delete(one).status_code == 428
    assert api.delete(one, HTTP_IF_MATCH='"2"').status_code == 204
    assert api.get(one).status_code == 404
