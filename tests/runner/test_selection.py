import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import SelectionError
from harness.model.sample import SampleKey
from harness.runner.selection import Selection, compile_keyword, select

KEYS = tuple(
    SampleKey(suite=suite, scenario=scenario, config=config, epoch=epoch)
    for suite, scenario in (("sales", "widgets"), ("sales", "regions"), ("review", "search"))
    for config in ("brief-t0.2", "careful-t1")
    for epoch in (1, 2)
)


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        pytest.param("widgets", 4, id="one word"),
        pytest.param("WIDGETS", 4, id="case is ignored"),
        pytest.param("widgets and brief", 2, id="and"),
        pytest.param("widgets or search", 8, id="or"),
        pytest.param("not sales", 4, id="not"),
        pytest.param("not not sales", 8, id="not twice"),
        pytest.param("sales and not (widgets or careful)", 2, id="parentheses"),
        pytest.param("widgets or search and brief", 6, id="and binds tighter than or"),
        pytest.param("widgets/brief-t0.2/1", 1, id="a part of the key"),
    ],
)
def test_a_keyword_expression_keeps_what_it_names(keyword: str, expected: int) -> None:
    assert len(select(KEYS, Selection(keyword=keyword))) == expected


def test_fields_narrow_each_other() -> None:
    kept = select(KEYS, Selection(suites=("sales",), configs=("careful-t1",), epochs=(2,)))

    assert [str(key) for key in kept] == [
        "sales/widgets/careful-t1/2",
        "sales/regions/careful-t1/2",
    ]


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        pytest.param(Selection(suites=("sale",)), "Did you mean 'sales'", id="suite"),
        pytest.param(Selection(configs=("brief",)), "Did you mean 'brief-t0.2'", id="config"),
        pytest.param(Selection(keyword="nothing"), "none of 12 samples", id="nothing left"),
        pytest.param(Selection(keyword="(a"), "missing", id="open parenthesis"),
        pytest.param(Selection(keyword="a b"), "not expected", id="two words"),
        pytest.param(Selection(keyword="and"), "a name was expected", id="operator alone"),
    ],
)
def test_a_selection_that_names_nothing_says_what_there_is(
    selection: Selection, message: str
) -> None:
    with pytest.raises(SelectionError, match=message):
        select(KEYS, selection)


@given(st.text(alphabet="ab() andortx", max_size=30))
def test_any_text_is_an_expression_or_a_clear_error(expression: str) -> None:
    try:
        predicate = compile_keyword(expression)
    except SelectionError as error:
        assert expression in str(error) or repr(expression) in str(error)
    else:
        assert predicate("a/b/c/1") in (True, False)


@given(
    st.sampled_from(["a", "b", "zz"]),
    st.sampled_from(["a", "b", "zz"]),
    st.text("abz/", max_size=9),
)
def test_expressions_obey_de_morgan(left: str, right: str, text: str) -> None:
    one = compile_keyword(f"not ({left} or {right})")
    other = compile_keyword(f"not {left} and not {right}")

    assert one(text) == other(text)
