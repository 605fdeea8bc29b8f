import pytest
from report_logs import outcome_log, realistic_log
from report_page import READING, click, column, count, go, hash_of, opened, text_of, write

# Different between a and b: one/2, two/1, two/3. Flaky: a on one; b on two.
OUTCOMES = {"a": {"one": "pfp", "two": "ppp"}, "b": {"one": "ppp", "two": "fpe"}}
SHOWN = "document.getElementById('shown').textContent"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """3,000 samples: of each scenario and config, 50 epochs."""
    marks = {f"task_{n:02}": "pfppe" * 10 for n in range(30)}
    log = outcome_log({"a": marks, "b": marks})
    return write(tmp_path_factory.mktemp("many"), log)


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return write(tmp_path_factory.mktemp("few"), outcome_log(OUTCOMES, costs={"a": 0.2, "b": 0.1}))


@pytest.fixture(scope="module")
def talks(tmp_path_factory):
    return write(tmp_path_factory.mktemp("talks"), realistic_log())


def names(page):
    rows = zip(column(page, 1), column(page, 2), column(page, 3), strict=True)
    return [f"{scenario} {config} {epoch}" for scenario, config, epoch in rows]


def test_of_many_rows_only_those_in_view_are_in_the_page(chromium, many):
    page = opened(chromium, many)

    assert page.evaluate("document.getElementById('rows').getAttribute('aria-rowcount')") == "3001"
    assert 20 < count(page, "#rows tbody tr") < 100
    page.evaluate("document.querySelector('.rows').scrollTop = 1e9")
    page.wait("document.querySelector('#rows tr[aria-rowindex=\"3001\"]') !== null")
    assert names(page)[-1] == "task_29 b 50"
    assert count(page, "#rows tbody tr") < 100


def test_rows_keep_their_place_while_one_scrolls(chromium, many):
    page = opened(chromium, many)
    page.evaluate("document.querySelector('.rows').scrollTop = 30000")
    first = "document.querySelector('#rows tbody tr[data-position]')"
    page.wait(f"Number({first}.dataset.position) > 500")

    offset = page.evaluate(
        f"(() => {{ const row = {first}, place = row.getBoundingClientRect();"
        " const top = place.top - row.parentElement.getBoundingClientRect().top;"
        " return top - Number(row.dataset.position) * place.height; })()"
    )

    assert abs(offset) < 2


def test_every_row_of_a_long_list_is_reached_by_keyboard(chromium, many):
    page = opened(chromium, many)

    for _ in range(60):
        page.press("j")

    position = "document.activeElement.closest('tr').dataset.position"
    assert page.evaluate(position) == "59"
    page.press("k")
    assert page.evaluate(position) == "58"
    page.press("Enter")
    page.wait(READING)
    assert hash_of(page) == "#sample/shop/task_01/a/9"


@pytest.mark.parametrize(
    ("name", "label", "wanted"),
    [
        ("failures", "Failures 2", ["one a 2", "two b 1"]),
        ("errors", "Errors 1", ["two b 3"]),
        (
            "different",
            "Different between configs 6",
            ["one a 2", "two a 1", "two a 3", "one b 2", "two b 1", "two b 3"],
        ),
        ("flaky", "Flaky 6", ["one a 1", "one a 2", "one a 3", "two b 1", "two b 2", "two b 3"]),
    ],
)
def test_a_quick_filter_shows_what_it_counts(chromium, few, name, label, wanted):
    page = opened(chromium, few)

    click(page, "#quick button", label)
    page.wait(f"{SHOWN} === '{len(wanted)} of 12 samples'")

    assert hash_of(page) == f"#samples?filter={name}"
    assert names(page) == wanted
    pressed = page.evaluate("document.querySelector('#quick [aria-pressed=true]').value")
    assert pressed == name


def test_a_quick_filter_without_samples_cannot_be_chosen(chromium, tmp_path):
    page = opened(chromium, write(tmp_path, outcome_log({"a": {"one": "pp"}})))

    assert count(page, "#quick button:disabled") == 4


def test_headings_sort_up_down_and_not_at_all(chromium, few):
    page = opened(chromium, few)
    in_order = names(page)
    state = "document.querySelector('th[data-sort=cost]').getAttribute('aria-sort')"

    click(page, ".sort", "Cost")
    page.wait(f"{state} === 'ascending'")
    page.wait("document.querySelector('#rows tbody td:nth-child(3)').textContent === 'b'")
    assert column(page, 8) == ["$0.100"] * 6 + ["$0.200"] * 6
    click(page, ".sort", "Cost")
    page.wait(f"{state} === 'descending'")
    page.wait("document.querySelector('#rows tbody td:nth-child(3)').textContent === 'a'")
    assert hash_of(page) == "#samples?sort=-cost"
    click(page, ".sort", "Cost")
    page.wait(f"{state} === null")
    page.wait("location.hash === '#samples'")

    assert names(page) == in_order


def test_what_was_not_measured_comes_last_either_way(chromium, tmp_path):
    log = outcome_log(
        {"a": {"one": "p"}, "b": {"one": "p"}, "c": {"one": "p"}}, costs={"b": 1, "c": 2}
    )
    page = opened(chromium, write(tmp_path, log), "#samples?sort=cost")
    upwards = column(page, 2)
    go(page, "#samples?sort=-cost")
    page.wait("document.querySelector('#rows tbody td:nth-child(3)').textContent === 'c'")

    assert (upwards, column(page, 2)) == (["b", "c", "a"], ["c", "b", "a"])


def test_numbers_in_names_sort_as_numbers(chromium, tmp_path):
    marks = dict.fromkeys(("task_10", "task_9", "task_100"), "p")
    log = outcome_log({"a": marks})
    page = opened(chromium, write(tmp_path, log), "#samples?sort=scenario")

    assert [text.split()[0] for text in column(page, 1)] == ["task_9", "task_10", "task_100"]


def test_the_address_alone_brings_back_filters_sorting_and_selects(chromium, few):
    page = opened(chromium, few, "#samples?filter=different&config=b&sort=-epoch")

    assert names(page) == ["two b 3", "one b 2", "two b 1"]
    assert page.evaluate("document.querySelector('select[name=config]').value") == "b"
    assert text_of(page, "#shown") == "3 of 12 samples"


def test_back_undoes_a_filter_and_reading_returns_to_it(chromium, few):
    page = opened(chromium, few)
    click(page, "#quick button", "Errors")
    page.wait(f"{SHOWN} === '1 of 12 samples'")
    click(page, "#rows a")
    page.wait(READING)
    assert hash_of(page) == "#sample/shop/two/b/3?filter=errors"

    page.press("Escape")
    page.wait(f"!{READING}")
    assert hash_of(page) == "#samples?filter=errors"
    assert page.evaluate("document.activeElement.closest('tr').dataset.position") == "0"
    page.evaluate("history.go(-3)")
    page.wait(f"{SHOWN} === '12 of 12 samples'")


def test_typing_a_search_is_one_step_back_not_one_per_letter(chromium, few):
    page = opened(chromium, few, "#samples")
    length = page.evaluate("history.length")

    for text in ("t", "tw", "two"):
        page.choose("input[name=text]", text)
        page.wait(f"location.hash === '#samples?text={text}'")

    page.wait(f"{SHOWN} === '6 of 12 samples'")
    assert page.evaluate("history.length") == length


def test_clear_takes_every_filter_away(chromium, few):
    page = opened(chromium, few, "#samples?filter=flaky&config=a&text=one&sort=turns")

    click(page, "button[type=reset]")

    page.wait(f"{SHOWN} === '12 of 12 samples'")
    assert hash_of(page) == "#samples"


@pytest.mark.parametrize(
    "fragment",
    [
        "#samples?filter=__proto__&sort=constructor",
        "#samples?filter=<img src=x onerror=alert(1)>&sort=--cost",
        "#samples?%E0%A4%A",
        "#?filter=",
        "#sample/%E0%A4%A?text=%",
    ],
)
def test_an_address_of_nonsense_breaks_nothing(chromium, few, fragment):
    page = opened(chromium, few, fragment)

    page.wait(f"{SHOWN} !== ''")
    assert page.complaints() == []
    assert count(page, "#conversation img") == 0


def test_a_search_finds_what_was_said_in_any_chunk(chromium, talks):
    page = opened(chromium, talks)

    page.choose("input[name=text]", "string FORMATTING")
    page.wait(f"{SHOWN} === '60 of 120 samples'")

    assert set(column(page, 1)) == {
        f"{name} code_review" for name in ("report_queries", "session_tokens", "image_cache")
    }


def test_of_many_rows_the_first_read_without_javascript(chromium, many):
    page = chromium.open(many, has_scripts=False)

    assert count(page, "#rows tbody tr") == 200
    assert "the first 200 of 3000 samples" in page.evaluate("document.body.innerText")
