"""Nobody but the browser that has the address sees anything, and nothing but what is listed."""

import re

import httpx
import pytest
from view_project import SECRET
from view_server import served

RUN = "20260101T000000-whole"
PATHS = [
    "/",
    "/?all",
    f"/runs/{RUN}",
    f"/runs/{RUN}/report",
    f"/reports/{RUN}.html",
    "/static/view.js",
    "/nowhere",
    "/runs/nowhere",
]


@pytest.mark.parametrize("path", PATHS)
def test_without_the_cookie_every_address_is_refused_alike(view, path):
    answer = view.get(path, Cookie=None)

    assert answer.status_code == 403
    assert answer.text == "Open the address that harness view printed when it started.\n"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda cookie: cookie[:-1], id="shorter"),
        pytest.param(lambda cookie: cookie + "A", id="longer"),
        pytest.param(lambda cookie: cookie.partition("=")[0] + "=", id="empty"),
        pytest.param(lambda cookie: cookie.swapcase(), id="other case"),
        pytest.param(lambda cookie: "other=" + cookie.partition("=")[2], id="other name"),
        pytest.param(lambda cookie: cookie.partition("=")[0] + "=\u00e9", id="no ASCII"),
    ],
)
def test_a_cookie_that_is_not_exactly_ours_is_refused(view, change):
    answer = view.get("/", Cookie=change(view.cookie).encode())

    assert answer.status_code == 403


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "%00", "%ed%a0%80"])
def test_a_wrong_secret_gives_no_cookie(view, token):
    answer = httpx.get(f"{view.base}/?token={token}")

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_secret_is_exchanged_for_a_cookie_and_leaves_the_address(view):
    answer = httpx.get(view.address)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert view.token not in cookie
    assert len(view.token) >= 43
    assert view.get("/").status_code == 200


def test_the_secret_opens_no_other_page_and_leads_nowhere_else(view):
    for path in (f"/runs/{RUN}", "//evil.example/"):
        status, answer = view.raw(f"{path}?token={view.token}".encode(), headers=())
        bare = httpx.get(f"{view.base}{path}?token={view.token}")

        assert (status, bare.status_code) == (200 if path.startswith("/runs") else 404, 403)
        assert b"\nlocation:" not in answer.lower()


def test_each_server_has_secrets_of_its_own(view, project):
    with served(project) as other:
        assert other.token != view.token
        answers = [httpx.get(f"{other.base}/", headers={"Cookie": view.cookie})]
        answers.append(httpx.get(f"{other.base}/?token={view.token}"))

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:80"])
def test_names_of_this_machine_are_answered(view, host):
    assert view.raw(b"/", host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example#localhost",
        "localhost@evil.example",
        "localhost:80:90",
        "localhost:",
        "0.0.0.0",
        "127.0.0.2",
        "10.0.0.1",
        "[::]",
        "[::ffff:127.0.0.1]",
        "",
    ],
)
def test_a_name_that_was_made_to_point_here_is_refused(view, host):
    status, answer = view.raw(b"/", host=host)

    assert status in (400, 403)
    assert RUN.encode() not in answer


def test_no_name_and_two_names_are_refused(view):
    none, _ = view.raw(b"/", host=None, line=b"GET / HTTP/1.0")
    two, _ = view.raw(b"/", headers=[b"Host: evil.example"])

    assert none == 403
    assert two in (400, 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "None", "same-origin, none"])
@pytest.mark.parametrize("path", ["/", f"/runs/{RUN}/report", "/static/view.js"])
def test_what_another_site_asks_for_is_refused_although_the_cookie_is_right(view, site, path):
    assert view.get(path, Sec_Fetch_Site=site).status_code == 403


def test_another_site_cannot_use_the_secret_either(view):
    answer = httpx.get(view.address, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1", "https://{host}", "http://{host}.evil"],
)
def test_another_origin_is_refused_where_the_browser_tells_no_more(view, origin):
    host = view.base.partition("//")[2]
    answer = view.get("/", Sec_Fetch_Site=None, Origin=origin.format(host=host))

    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_our_own_pages_and_the_user_are_answered(view, site):
    assert view.get("/", Sec_Fetch_Site=site).status_code == 200
    assert view.get("/", Origin=view.base).status_code == 200


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]
)
@pytest.mark.parametrize("path", ["/", f"/runs/{RUN}", "/nowhere"])
def test_nothing_but_get_and_head(view, method, path):
    answer = view.get(path, method)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", f"/runs/{RUN}", f"/reports/{RUN}.html"])
def test_head_answers_like_get_without_the_page(view, path):
    head, get = view.get(path, "HEAD"), view.get(path)

    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


TRAVERSALS = [
    b"/reports/../secret.txt",
    b"/reports/%2e%2e/secret.txt",
    b"/reports/..%2fsecret.txt",
    b"/reports/%2e%2e%2fsecret.txt",
    b"/reports/%252e%252e%252fsecret.txt",
    b"/reports/..%5csecret.txt",
    b"/reports/..\\secret.txt",
    b"/reports/....//secret.txt",
    b"/reports/%c0%ae%c0%ae%c0%afsecret.txt",
    b"/reports/%EF%BC%8E%EF%BC%8E/secret.txt",
    b"/reports/notes.txt%00.html",
    b"/reports/%00",
    b"/reports/.",
    b"/reports/%2e",
    b"/reports/%2e%2e",
    b"/reports/",
    b"/reports",
    b"/reports/link.html",
    b"/reports/way-out%2fsecret.txt",
    b"/reports/way-out/secret.txt",
    b"/reports/way-out",
    b"/reports/pipe.html",
    b"/reports/.hidden.html",
    b"/reports/sub",
    b"/reports/sub/inner.html",
    b"/reports/sub%2finner.html",
    b"/static/../secret.txt",
    b"/static/..%2f..%2fview%2fguard.py",
    b"/static/conversation.js",
    b"/runs/..%2f..%2foutside/report",
    b"/runs/%2e%2e/report",
    b"/runs/linked/report",
    b"/runs/linked",
    b"/runs/folder",
    b"/runs/pipe",
    b"/runs/" + RUN.encode() + b".sqlite",
    b"/runs/20260101",
    b"/runs/latest",
    b"/runs/%00/report",
]


@pytest.mark.parametrize("target", TRAVERSALS, ids=repr)
def test_nothing_is_reached_but_what_is_listed(view, target):
    status, answer = view.raw(target)

    assert status == 404
    assert SECRET.encode() not in answer


@pytest.mark.parametrize("kind", ["reports", "runs"])
def test_no_absolute_path_is_opened(view, project, kind):
    outside = project / ("secret.txt" if kind == "reports" else "outside")
    plain = str(outside).encode()

    targets = [plain, b"/" + plain, plain.replace(b"/", b"%2f"), b"file://" + plain]
    for target in targets:
        status, answer = view.raw(f"/{kind}/".encode() + target)
        assert status == 404
        assert SECRET.encode() not in answer


@pytest.mark.parametrize(
    "line",
    [
        b"GET http://evil.example/ HTTP/1.1",
        b"GET //evil.example/ HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET " + b"/a" * 100_000 + b" HTTP/1.1",
        b"\x16\x03\x01\x02\x00",
    ],
    ids=repr,
)
def test_what_is_no_proper_request_reaches_nothing_and_ends_nothing(view, line):
    try:
        status, answer = view.raw(b"", line=line)
    except (ConnectionError, IndexError):
        status, answer = 400, b""

    assert status in (400, 403, 404, 431)
    assert RUN.encode() not in answer
    assert view.get("/").status_code == 200


WANTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize("path", [*PATHS, "/?token=wrong", f"/runs/{RUN}/nowhere"])
def test_every_answer_has_the_headers_that_keep_it_to_itself(view, path):
    answers = [view.get(path), view.get(path, Cookie=None), view.get(path, "POST")]

    for answer in [*answers, httpx.get(view.address)]:
        assert {name: answer.headers.get(name) for name in WANTED} == WANTED
        policy = answer.headers["content-security-policy"]
        assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(
            re.split("; ?", policy)
        )
        assert "http" not in policy
        assert not {"server", "access-control-allow-origin"} & set(answer.headers)


def test_the_secrets_are_written_nowhere_but_once_on_the_terminal(project):
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*") if not path.is_fifo()}
    with served(project) as view:
        for path in PATHS:
            view.get(path)
        httpx.get(f"{view.base}/?token=wrong")
        code, out, err = view.stop()

    after = {path: path.stat().st_mtime_ns for path in project.rglob("*") if not path.is_fifo()}
    assert (code, err) == (0, "")
    assert view.token not in out + err
    assert after == before
