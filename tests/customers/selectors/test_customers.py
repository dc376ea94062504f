"""Finding customers: by what people type, and the likely duplicate of a new one."""

from __future__ import annotations

import pytest

from config.core.roles import Role
from customers.models import Customer
from customers.selectors import customers as selectors
from customers.selectors import people

GOOD = "91330100799655058B"
pytestmark = pytest.mark.django_db


@pytest.fixture
def analyst(make_user, unit):
    return make_user(Role.CREDIT_ANALYST, units=[unit])


@pytest.mark.parametrize(
    "text", ["新禾", "xinhe", "XH dz", "c-77", "91330100", "xhdzyxgs"[:4], "Sinho", " 新禾电子 "]
)
def test_a_customer_is_found_by_code_name_pinyin_and_uscc(make_customer, analyst, text):
    wanted = make_customer("新禾电子有限公司", code="C-77", uscc=GOOD, name_en="Sinho Electronics")
    make_customer("别家贸易有限公司", code="Z-1")
    assert selectors.suggest(user=analyst, text=text) == [wanted]


def test_the_closest_comes_first_and_the_closed_last(make_customer, analyst):
    contains = make_customer("杭州新禾电子有限公司", code="B-1")
    begins = make_customer("新禾机械有限公司", code="B-2")
    closed = make_customer("新禾百货有限公司", code="B-3")
    Customer.objects.filter(pk=closed.pk).update(status="closed")
    exact = make_customer("阿尔法有限公司", code="新禾")
    assert selectors.suggest(user=analyst, text="新禾") == [exact, begins, closed, contains]
    assert selectors.suggest(user=analyst, text="新禾", limit=1) == [exact]
    assert selectors.suggest(user=analyst, text="  ") == []


def test_an_exact_code_is_found_among_hundreds_that_contain_it(make_customer, analyst):
    for n in range(60):
        make_customer(f"啊{n}号店有限公司", code=f"A1{n:03}")
    wanted = make_customer("总店有限公司", code="A1")
    assert selectors.suggest(user=analyst, text="a1", limit=5)[0] == wanted


def test_alice_finds_her_unit_bob_finds_his_customers_charlie_nothing(
    make_customer, make_user, unit, other_unit
):
    alice = make_user(Role.CREDIT_ANALYST, units=[unit])
    bob = make_user(Role.SALESPERSON, units=[unit])
    charlie = make_user(Role.CREDIT_ANALYST, units=[other_unit])
    first, second = make_customer("新禾一", sales_owner=bob), make_customer("新禾二")
    assert set(selectors.suggest(user=alice, text="新禾")) == {first, second}
    assert selectors.suggest(user=bob, text="新禾") == [first]
    assert selectors.suggest(user=charlie, text="新禾") == []
    assert selectors.find_similar(user=charlie, name="新禾一") == []


def test_a_likely_duplicate_is_found_by_name_and_by_uscc(
    make_customer, analyst, django_assert_num_queries
):
    same_name = make_customer("杭州新禾电子科技有限公司")
    same_code = make_customer("全然不同有限公司", uscc=GOOD)
    make_customer("杭州新禾电子科技贸易有限公司")
    analyst.unit_ids(), analyst.role_names
    with django_assert_num_queries(1):
        found = selectors.find_similar(
            user=analyst, name="杭州新禾电子科技股份有限公司", code="9133 0100 7996 5505 8b"
        )
    assert [(s.customer, s.likeness.value) for s in found] == [
        (same_code, "same_uscc"),
        (same_name, "same_name"),
    ]
    assert (
        selectors.find_similar(user=analyst, name="杭州新禾电子科技公司", except_id=same_name.pk)
        == []
    )
    assert selectors.find_similar(user=analyst, name="", code="") == []
    assert selectors.find_similar(user=None, name="Nobody Ltd") == []


def test_names_that_only_sound_alike_are_no_duplicates(make_customer, analyst):
    make_customer("新禾电子有限公司")
    assert selectors.find_similar(user=analyst, name="新和电子有限公司") == []


def test_only_active_people_of_all_the_units_can_be_chosen(make_user, unit, other_unit):
    here = make_user(Role.COLLECTOR, units=[unit], display_name="a")
    both = make_user(Role.COLLECTOR, units=[unit, other_unit], display_name="b")
    everywhere = make_user(Role.COLLECTOR, all_units=True, display_name="c")
    there = make_user(Role.COLLECTOR, units=[other_unit], display_name="d")
    make_user(Role.COLLECTOR, units=[unit], is_active=False)
    assert list(people.colleagues(user=here)) == [here, both, everywhere]
    assert list(people.colleagues(user=there)) == [both, everywhere, there]
    assert list(people.assignable(units=[unit])) == [here, both, everywhere]
    assert list(people.assignable(units=[unit, other_unit.pk])) == [both, everywhere]


def test_choices_of_a_filter_are_the_values_in_use(make_customer, analyst, other_unit):
    make_customer("甲", region="浙江", industry="电子")
    make_customer("乙", region="上海")
    make_customer("丙", region="浙江")
    make_customer("丁", region="广东", unit=other_unit)
    assert set(selectors.facet_values(user=analyst, field="region")) == {"浙江", "上海"}
    assert selectors.facet_values(user=analyst, field="industry") == ["电子"]
    with pytest.raises(ValueError, match="no facet"):
        selectors.facet_values(user=analyst, field="name")
