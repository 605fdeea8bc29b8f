"""What installing changes in a process, and what it leaves alone."""

from __future__ import annotations

import contextvars
import gc
import subprocess
import sys
import textwrap
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.cassettes import current_session, install, recording, replaying, sdk_version


def run(code: str) -> str:
    """Run Python in a process of its own, warnings as errors; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_neither_vcrpy_nor_an_http_library():
    loaded = run("""
        import sys
        import harness.cassettes
        print([name for name in ("vcr", "httpx", "httpx2", "requests", "openai", "yaml", "asyncio")
               if name in sys.modules])
    """)

    assert loaded == "[]"


def test_installing_twice_is_installing_once():
    printed = run("""
        import threading
        from harness.cassettes import install
        threads = [threading.Thread(target=install) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        import httpx, socket
        def patched():
            return httpx.HTTPTransport.handle_request, socket.socket.connect, threading.Thread.start
        before = patched()
        install()
        print(before == patched())
        print([function.__code__.co_filename.rpartition("/")[2] for function in before])
    """)

    assert printed.splitlines() == ["True", "['taps.py', 'guard.py', 'threads.py']"]


def test_the_patches_outlast_a_garbage_collection(kit, provider, path):
    kit.record(provider, path, ("one",))
    gc.collect()

    with replaying(path) as session, kit.client(provider.base_url) as client:
        kit.ask(client, "one")

    assert session.sockets_opened == 0


def test_the_current_session_is_that_of_the_innermost_block(kit, provider, path, tmp_path):
    assert current_session() is None
    with recording(path, kit.header(provider)) as outer:
        assert current_session() is outer
        with recording(tmp_path / "inner.jsonl", kit.header(provider)) as inner:
            assert current_session() is inner
        assert current_session() is outer
    assert current_session() is None


def test_a_worker_started_by_a_sample_does_later_work_outside_it(kit, provider, path):
    kit.record(provider, path, ("one",))

    with ThreadPoolExecutor(1) as pool:
        with replaying(path) as session:
            assert pool.submit(current_session).result() is session
        assert pool.submit(current_session).result() is None
        assert pool.submit(lambda: kit.ask(kit.client(provider.base_url), "one")).result()


def test_a_thread_sees_the_context_it_was_started_in_only_during_a_session(kit, provider, path):
    color = contextvars.ContextVar("color", default="none")
    seen = []
    install()

    def look() -> None:
        seen.append((color.get(), current_session()))

    def start() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    token = color.set("red")
    start()
    with recording(path, kit.header(provider)) as session:
        start()
    color.reset(token)

    assert seen == [("none", None), ("red", session)]


def test_a_finished_thread_is_not_kept_alive(kit, provider, path):
    with recording(path, kit.header(provider)):
        thread = threading.Thread(target=int)
        reference = weakref.ref(thread)
        thread.start()
        thread.join()
    gc.disable()
    try:
        del thread
        assert reference() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_clients_made_in_a_replay_share_one_tls_context_and_others_do_not(
    kit, provider, path, library
):
    module = pytest.importorskip(library)

    def context(**options):
        with module.Client(**options) as client:
            return client._transport._pool._ssl_context

    with recording(path, kit.header(provider)):
        recorded = [context(), context()]
    with replaying(path):
        replayed = [context(), context()]
        unverified = context(verify=False)
    live = [context(), context()]

    assert replayed[0] is replayed[1]
    assert replayed[0].check_hostname
    assert replayed[0].cert_store_stats()["x509_ca"] > 0
    assert len({id(one) for one in (*recorded, replayed[0], unverified, *live)}) == 6
    assert not unverified.check_hostname


def test_an_old_vcrpy_is_refused():
    assert "vcrpy 8.1.1 is installed, but cassettes need 9.4.2" in run("""
        import importlib.metadata
        original = importlib.metadata.version
        importlib.metadata.version = lambda name: "8.1.1" if name == "vcrpy" else original(name)
        from harness.cassettes import install
        from harness.errors import EnvironmentFault
        try:
            install()
        except EnvironmentFault as fault:
            print(fault)
    """)


def test_the_client_library_is_named_with_its_version():
    import openai

    assert sdk_version() == f"openai {openai.__version__}"
