"""What is answered to whom the guard lets through."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from harness.errors import HarnessError
from harness.view import pages
from harness.view.files import list_files, read_file
from harness.view.progress import OUTCOMES
from harness.view.runs import Runs

if TYPE_CHECKING:
    from starlette.requests import Request

_USUAL_FOLDER = Path(".harness/runs")
_FIRST_RUNS = 100

# Pages with scripts and styles inside; their own policy, which names these by their hashes, holds
# as well. No request can leave such a page.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A page out of a folder may be anybody's: it becomes a site of its own, which may not ask us.
_FILE_POLICY = f"sandbox allow-scripts allow-downloads; {_REPORT_POLICY}"


class View:
    """The pages over a folder of run logs and a folder of reports.

    Args:
        runs_folder: Folder of the run logs.
        reports_folder: Folder of the reports.
    """

    def __init__(self, runs_folder: Path, reports_folder: Path) -> None:
        self._runs = Runs(runs_folder)
        self._reports_folder = reports_folder
        # One report at a time: a large one takes all the memory that is to spare.
        self._rendering = Lock()

    def application(self) -> Starlette:
        """The routes; without a guard."""
        application = Starlette(
            routes=[
                Route("/", self.index),
                Route("/runs/{name}", self.run),
                Route("/runs/{name}/report", self.report),
                Route("/reports/{name}", self.file),
                Route("/static/{name}", self.static),
            ],
            exception_handlers={HTTPException: _no_page, HarnessError: _no_data},
        )
        application.router.redirect_slashes = False
        return application

    def index(self, request: Request) -> Response:
        """All runs, newest first, and the files in the folder of reports."""
        names = self._runs.names()
        is_all = "all" in request.query_params
        shown = self._runs.listed(names if is_all else names[:_FIRST_RUNS])
        return _page(
            "view/index.html",
            runs=shown,
            runs_folder=str(self._runs.folder),
            total=len(names),
            files=list_files(self._reports_folder),
            reports_folder=str(self._reports_folder),
        )

    def run(self, request: Request) -> Response:
        """How far one run is."""
        progress = self._runs.progress(_name(request))
        if progress is None:
            raise HTTPException(404)
        return _page(
            "view/run.html",
            run=progress,
            resume=self._resume(progress.name),
            troubles=self._runs.troubles(progress),
        )

    def _resume(self, name: str) -> str:
        """The command that goes on with a run."""
        folder = self._runs.folder
        where = [] if folder == _USUAL_FOLDER else ["--runs-folder", str(folder)]
        return shlex.join(["harness", "run", "--resume", name, *where])

    def report(self, request: Request) -> Response:
        """The report of a run, the same as ``harness report`` writes."""
        from harness.comparison import compare_configs
        from harness.reports.files import render

        with self._rendering:
            log = self._runs.log(_name(request))
            if log is None:
                raise HTTPException(404)
            page = render("html", log, compare_configs(log))
        return HTMLResponse(page, headers={"Content-Security-Policy": _REPORT_POLICY})

    def file(self, request: Request) -> Response:
        """A file in the folder of reports."""
        found = read_file(self._reports_folder, _name(request))
        if found is None:
            raise HTTPException(404)
        file, content = found
        headers = {"Content-Security-Policy": _FILE_POLICY}
        if file.media_type == "application/octet-stream":
            headers["Content-Disposition"] = "attachment"
        return Response(content, media_type=file.media_type, headers=headers)

    def static(self, request: Request) -> Response:
        """One of our own files, by its name in a list."""
        name = _name(request)
        if name not in pages.STATIC:
            raise HTTPException(404)
        return Response(pages.static(name), media_type=pages.STATIC[name])


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _page(template: str, status_code: int = 200, **values: object) -> Response:
    page = pages.render(template, now=datetime.now(UTC), outcomes=OUTCOMES, **values)
    return HTMLResponse(page, status_code=status_code)


def _no_page(_: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 404
    text = "There is no such page, run or file here." if code == 404 else str(error)
    return _page("view/problem.html", code, title=f"{code}", text=text)


def _no_data(_: Request, error: Exception) -> Response:
    """A log that is damaged, or of another release."""
    return _page("view/problem.html", 422, title="This cannot be read", text=str(error))
