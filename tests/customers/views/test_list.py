"""The list of customers: filters, scope, files, handing over, and a constant number of queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.core import search
from config.core.roles import Role
from customers.models import Customer, PaymentTerms

URL = "/customers/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(client_for, unit):
    return client_for(Role.CREDIT_ANALYST, units=[unit], display_name="爱丽丝")


def names(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return [row.name for row in answer.context["listing"].page.rows]


def test_an_empty_list_says_what_to_do_next(analyst, client_for, unit):
    page = analyst.get(URL).content.decode()
    assert "There are no customers yet." in page
    assert 'href="/customers/new/"' in page
    page = client_for(Role.AUDITOR, units=[unit]).get(URL).content.decode()
    assert "There are no customers here." in page
    assert "/customers/new/" not in page


def test_the_list_shows_who_they_are_and_links_to_them(analyst, make_customer):
    customer = make_customer(
        "<b>新禾</b>电子有限公司",
        region="浙江",
        segment="key",
        payment_terms=PaymentTerms.objects.get(code="NET30"),
    )
    page = analyst.get(URL).content.decode()
    assert f'href="/customers/{customer.pk}/"' in page
    assert "&lt;b&gt;新禾&lt;/b&gt;" in page
    assert "<b>新禾</b>" not in page
    assert "Key customer" in page
    assert "30 days net" in page


def test_filters_find_and_say_what_they_do(analyst, make_customer, make_user, unit):
    seller = make_user(Role.SALESPERSON, units=[unit], display_name="鲍勃")
    make_customer(
        "新禾电子",
        region="浙江",
        industry="电子",
        segment="key",
        sales_owner=seller,
        collector=analyst.user,
    )
    make_customer("别家贸易", status="prospect", payment_terms=PaymentTerms.objects.get(code="COD"))
    assert names(analyst) == ["别家贸易", "新禾电子"]
    assert names(analyst, sort="-name") == ["新禾电子", "别家贸易"]
    for query in ({"q": "xhdz"}, {"q": "新禾"}, {"segment": "key"}, {"region": "浙江"}, {"industry": "电子"}, {"sales_owner": seller.pk}, {"collector": analyst.user.pk}, {"status": "active"}, {"payment_terms": "null"}):  # fmt: skip
        assert names(analyst, **query) == ["新禾电子"], query
    for query in (
        {"status": "prospect"},
        {"sales_owner": "null"},
        {"payment_terms": PaymentTerms.objects.get(code="COD").pk},
    ):
        assert names(analyst, **query) == ["别家贸易"], query
    page = analyst.get(URL, {"segment": "exit"}).content.decode()
    assert "Nothing matches these filters." in page
    assert "Customer to leave" in page


def test_a_filter_that_makes_no_sense_shows_nothing_and_says_why(analyst, make_customer):
    make_customer("新禾电子")
    answer = analyst.get(URL, {"segment": "best"})
    assert answer.context["listing"].page.rows == []
    assert "Select a valid choice" in answer.content.decode()


def test_the_unit_of_the_frame_limits_the_list(client_for, make_customer, unit, other_unit):
    client = client_for(Role.CREDIT_ANALYST, units=[unit, other_unit])
    make_customer("甲公司")
    make_customer("乙公司", unit=other_unit)
    assert set(names(client)) == {"甲公司", "乙公司"}
    assert names(client, unit=other_unit.code) == ["乙公司"]


def test_alice_sees_her_unit_bob_his_own_charlie_nothing_and_strangers_sign_in(
    analyst, client_for, client, make_customer, unit, other_unit
):
    bob = client_for(Role.SALESPERSON, units=[unit])
    charlie = client_for(Role.CREDIT_ANALYST, units=[other_unit])
    make_customer("甲公司", sales_owner=bob.user)
    make_customer("乙公司")
    assert (names(analyst), names(bob), names(charlie)) == (["甲公司", "乙公司"], ["甲公司"], [])
    answer = client.get(URL)
    assert answer.status_code == 302
    assert "login" in answer["Location"]
    assert client_for(Role.ADMINISTRATOR, units=[unit]).get(URL).status_code == 403


def test_every_column_can_be_shown_and_exported(analyst, make_customer):
    make_customer("=HYPERLINK(1)", parent=make_customer("母公司"), registered_capital="5.00")
    answer = analyst.get(URL)
    columns = [c.key for c in answer.context["listing"].definition.columns]
    page = analyst.get(URL, {"column": columns, "sort": "-registered_capital"}).content.decode()
    assert "母公司" in page
    for key in columns:
        assert analyst.get(URL, {"sort": key}).status_code == 200
    csv = analyst.get(URL, {"export": "csv", "column": columns})
    text = b"".join(csv.streaming_content).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    assert analyst.get(URL, {"export": "xlsx"}).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_rows(analyst, make_customer):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert analyst.get(URL).status_code == 200
        return len(queries)

    terms = PaymentTerms.objects.get(code="COD")
    parent = make_customer("母")
    make_customer(
        "甲", sales_owner=analyst.user, collector=analyst.user, payment_terms=terms, parent=parent
    )
    count()  # the first request of a session writes when it was seen
    first = count()
    for n in range(30):
        make_customer(
            f"客户{n}",
            sales_owner=analyst.user,
            collector=analyst.user,
            payment_terms=terms,
            parent=parent,
        )
    assert count() == first


def test_chosen_customers_are_handed_over(analyst, make_customer, make_user, unit):
    seller = make_user(Role.SALESPERSON, units=[unit])
    rows = [make_customer(f"客户{n}", collector=analyst.user) for n in range(3)]
    assert 'name="selected"' in analyst.get(URL).content.decode()
    body = {
        "selected": [r.pk for r in rows[:2]],
        "sales_owner": seller.pk,
        "collector": "none",
        "next": f"{URL}?status=active",
    }
    answer = analyst.post(f"{URL}assign/", body, follow=True)
    assert answer.redirect_chain == [(f"{URL}?status=active", 302)]
    assert "4 responsibilities changed." in answer.content.decode()
    assert list(Customer.objects.order_by("pk").values_list("sales_owner", "collector")) == [
        (seller.pk, None), (seller.pk, None), (None, analyst.user.pk),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"selected": []}, {"sales_owner": ""}, {"sales_owner": "999999"}, {"selected": ["x"]}],
)
def test_handing_over_nothing_or_to_nobody_known_changes_nothing(analyst, make_customer, change):
    customer = make_customer()
    body = {
        "selected": [customer.pk],
        "sales_owner": str(analyst.user.pk),
        "next": "https://elsewhere.example/",
    } | change
    answer = analyst.post(f"{URL}assign/", body, follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    assert "Choose customers, and who gets them." in answer.content.decode()
    customer.refresh_from_db()
    assert customer.sales_owner is None


def test_handing_over_is_all_or_none_and_not_for_everybody(
    analyst, client_for, make_customer, unit, other_unit
):
    mine, theirs = make_customer("甲"), make_customer("乙", unit=other_unit)
    body = {"selected": [mine.pk, theirs.pk], "sales_owner": analyst.user.pk}
    answer = analyst.post(f"{URL}assign/", body, follow=True)
    assert "out of your scope" in answer.content.decode()
    collector = client_for(Role.COLLECTOR, units=[unit])
    assert collector.post(f"{URL}assign/", body | {"selected": [mine.pk]}).status_code == 403
    assert 'name="selected"' not in collector.get(URL).content.decode()
    assert not Customer.objects.exclude(sales_owner=None).exists()


def test_search_boxes_find_customers_of_the_scope(analyst, make_customer, other_unit):
    mine = make_customer("新禾电子", code="C-9")
    make_customer("新禾外地", unit=other_unit)
    found = analyst.get(f"{URL}options/", {"q": "xinhe"}).json()
    assert found == {"results": [{"id": mine.pk, "name": "新禾电子", "code": "C-9"}]}
    assert analyst.get(f"{URL}options/").json() == {"results": []}


def test_the_search_for_everything_finds_customers(analyst, make_customer, other_unit):
    mine = make_customer("新禾电子", code="C-9")
    make_customer("新禾外地", unit=other_unit)
    groups = [
        g for g in search.run(user=analyst.user, query="xinhe", limit=5) if g.key == "customers"
    ]
    assert [(h.label, h.url, h.note) for h in groups[0].hits] == [
        ("新禾电子", f"/customers/{mine.pk}/", "C-9")
    ]
