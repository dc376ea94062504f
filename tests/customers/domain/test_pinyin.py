"""Names as people type them: full pinyin, initials, and characters with several readings."""

import doctest

import pytest

from customers.domain import lifecycle, pinyin


def test_examples_in_the_modules_hold():
    assert doctest.testmod(pinyin).failed == 0
    assert doctest.testmod(lifecycle).failed == 0


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("曾氏机械有限公司", "zengshi"),
        ("曾氏机械有限公司", "cengshi"),
        ("单县农业发展有限公司", "shanxian"),
        ("单县农业发展有限公司", "danxian"),
        ("朝阳电子有限公司", "chaoyang"),
        ("朝阳电子有限公司", "zhaoyang"),
        ("北京朝阳电子有限公司", "beijingchaoyang"),
        ("杭州新禾电子科技股份有限公司", "xinhe"),
        ("杭州新禾电子科技股份有限公司", "hzxh"),
        ("杭州曾记食品有限公司", "zengji"),
        ("吕梁煤业有限公司", "lvliang"),
        ("Siemens中国有限公司", "siemenszhongguo"),
        ("Acme Trading Co., Ltd.", "acmetrading"),
        ("3M中国有限公司", "3mzhongguo"),
    ],
)
def test_a_name_is_found_by_what_people_type(name, typed):
    assert typed in pinyin.search_keys(name)


def test_surnames_and_places_sort_by_their_right_reading():
    assert pinyin.sort_key("曾氏集团有限公司") == "zeng shi ji tuan"
    assert pinyin.sort_key("单县农业有限公司") == "shan xian nong ye"
    assert pinyin.sort_key("朝阳电子有限公司") == "chao yang dian zi"
    assert pinyin.sort_key("重庆长安汽车") == "chong qing chang an qi che"


def test_sorting_goes_by_syllable():
    names = ["西安电器", "先锋电子", "夏安商贸"]
    assert sorted(names, key=pinyin.sort_key) == ["西安电器", "夏安商贸", "先锋电子"]


def test_keys_stay_within_their_columns():
    long_name = "重朝单曾长乐行解" * 25
    assert len(pinyin.search_keys(long_name)) <= pinyin.KEYS_LIMIT
    assert len(pinyin.sort_key(long_name)) <= pinyin.SORT_LIMIT
    assert pinyin.search_keys("重朝单曾" + "电子" * 10).count(" ") >= 10


@pytest.mark.parametrize("name", ["", " ", "（）", "。"])
def test_a_name_of_nothing_has_no_keys(name):
    assert pinyin.search_keys(name) == ""
    assert pinyin.sort_key(name) == ""
    assert pinyin.likely_key(name) == ""


def test_a_corrected_reading_is_found_too():
    keys = pinyin.search_keys("覃氏贸易有限公司", corrected="qin shi mao yi")
    assert "qinshimaoyi" in keys.split()
    assert "qsmy" in keys.split()
    assert keys.startswith(pinyin.likely_key("覃氏贸易有限公司"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("杭州新禾电子科技有限公司", "杭州新禾电子科技股份有限公司"),
        ("新禾（杭州）电子有限公司", "新禾(杭州)电子有限责任公司"),
        ("Acme Trading Co., Ltd.", "ACME TRADING LIMITED"),
        ("ＡＢＣ贸易有限公司", "abc 贸易"),
        ("Müller GmbH & Co. KG", "müller gmbh"),
    ],
)
def test_spellings_of_one_company_share_a_key(one, other):
    assert pinyin.name_key(one) == pinyin.name_key(other)
    assert pinyin.likely_key(one) == pinyin.likely_key(other)


def test_different_companies_have_different_keys():
    assert pinyin.name_key("新禾电子有限公司") != pinyin.name_key("新和电子有限公司")
    assert pinyin.name_key("新禾杭州电子") != pinyin.name_key("新禾上海电子")


def test_a_status_goes_only_where_it_may():
    for status, targets in lifecycle.TRANSITIONS.items():
        assert "prospect" not in targets
        assert status not in targets
    assert lifecycle.may_become("closed", "active")
    assert not lifecycle.may_become("closed", "dormant")
    assert not lifecycle.may_become("gone", "active")
