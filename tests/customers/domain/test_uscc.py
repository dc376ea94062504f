"""Vectors of the standard, of the tax registers, and codes that look right and are not."""

import doctest

import pytest

from customers.domain import uscc

VALID = [
    "91350100M000100Y43",  # the standard's own example, with the check character that fits
    "91110000600037341L",
    "91330100799655058B",
    "914403001234501080",  # remainder 0: the character is 0
    "91440300123450220Y",  # remainder 1: the last of the alphabet
    "91110108MA01DEM07K",
    "91310115MA01DEM075",
    "91440300MA01DEM07T",
    "91330100MA01DEM07M",
    "91510100MA01DEM07T",
    "92320500MA01DEM073",
    "12440000MA01DEM07G",
    "93370200MA01DEM075",
]


def test_examples_in_the_module_hold():
    assert doctest.testmod(uscc).failed == 0


@pytest.mark.parametrize("code", VALID)
def test_a_well_formed_code_is_taken(code):
    assert uscc.problem_of(code) is None
    assert uscc.is_valid(code)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (
            "91350100M000100Y4Z",
            uscc.Problem.CHARACTER,
        ),  # printed in the standard; no Z in the alphabet
        ("91310115MA1G4L1WXK", uscc.Problem.CHECK_CHARACTER),  # a web example; 7 would fit
        ("A1110000600037341L", uscc.Problem.CHECK_CHARACTER),
        ("91110000600037341", uscc.Problem.LENGTH),
        ("91110000600037341LL", uscc.Problem.LENGTH),
        ("", uscc.Problem.LENGTH),
        ("9111A000600037341L", uscc.Problem.DIVISION),
        ("B1110000600037341L", uscc.Problem.CHARACTER),
        ("9111000060003734１L", uscc.Problem.CHARACTER),
        ("９1110000600037341L", uscc.Problem.CHARACTER),
    ],
)
def test_a_malformed_code_is_named_by_its_problem(code, problem):
    assert uscc.problem_of(code) is problem
    assert not uscc.is_valid(code)


@pytest.mark.parametrize("letter", "IOSVZ")
def test_letters_that_look_like_digits_are_in_no_code(letter):
    assert uscc.problem_of(f"91110000{letter}00037341L") is uscc.Problem.CHARACTER


@pytest.mark.parametrize("authority", "NYA")
def test_collectives_others_and_the_army_register_under_a_letter(authority):
    code = uscc.make_uscc("330100", "MA01DEM0", authority=authority)
    assert code.startswith(f"{authority}1330100"[:8])
    assert uscc.is_valid(code)


def test_every_slip_in_one_place_is_found():
    good = "91110000600037341L"
    for place in range(8, 18):
        for wrong in uscc.ALPHABET:
            if wrong != good[place]:
                assert not uscc.is_valid(good[:place] + wrong + good[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "91330100799655058b",
        " 9133-0100-7996-5505-8B ",
        "9133　0100　79965505 8B",
        "９１３３０１００７９９６５５０５８Ｂ",
        "913301007\u200b99655058B",
    ],
)
def test_codes_are_kept_in_one_form(text):
    assert uscc.normalise(text) == "91330100799655058B"


@pytest.mark.parametrize(
    ("eight", "check"), [("60003734", "1"), ("79965505", "8"), ("M000100Y", "4")]
)
def test_the_organisation_code_has_its_own_check(eight, check):
    assert uscc.organisation_check_character(eight) == check


def test_the_organisation_check_writes_ten_as_x_and_eleven_as_zero():
    found = {uscc.organisation_check_character(f"{n:08d}") for n in range(200)}
    assert found == set("0123456789X")


def test_a_wrong_organisation_code_is_only_a_warning():
    body = "91330100" + "MA01DEM0" + "8"  # 7 would fit
    code = body + uscc.check_character(body)
    assert uscc.is_valid(code)
    assert not uscc.organisation_code_agrees(code)
    assert uscc.organisation_code_agrees("91330100MA01DEM07M")


def test_made_up_codes_are_well_formed():
    assert uscc.make_uscc("310115", "MA01DEM0") == "91310115MA01DEM075"
    assert uscc.make_uscc("320500", "MA01DEM0", entity="2") == "92320500MA01DEM073"


@pytest.mark.parametrize(
    ("division", "eight"),
    [("3301", "MA01DEM0"), ("330100", "MA01DEM"), ("330100", "MA01DEMO"), ("33O100", "MA01DEM0")],
)
def test_parts_that_make_no_code_are_refused(division, eight):
    with pytest.raises(ValueError, match=r"code"):
        uscc.make_uscc(division, eight)


def test_an_authority_that_is_none_is_refused():
    with pytest.raises(ValueError, match="authority"):
        uscc.make_uscc("330100", "MA01DEM0", authority="B")
