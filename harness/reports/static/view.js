"use strict";
/* Fetches the page one looks at again, and puts in place what of it has changed. The server alone
   makes pages, so what is shown is what a reload would show; without scripts a reload does it. */
(() => {
  const SOON = 1000;
  const LATER = 4000;
  const connection = document.getElementById("connection");

  const say = (text, isBad) => {
    if (connection.textContent !== text) connection.textContent = text;
    connection.classList.toggle("bad", isBad);
  };

  const replace = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    old.replaceWith(fresh);
    if (!focused) return;
    const again = [...fresh.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused);
    if (again) again.focus({ preventScroll: true });
  };

  const speak = (page) => {
    const now = document.getElementById("said");
    const next = page.getElementById("said");
    if (!now || !next || now.dataset.said === next.dataset.said) return;
    now.dataset.said = next.dataset.said;
    now.textContent = next.dataset.said;
  };

  const update = (page) => {
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      if (fresh) replace(old, document.adoptNode(fresh));
    }
    document.title = page.title;
    speak(page);
  };

  const isGoing = () => document.querySelector(".state.running") !== null;

  const tick = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
      if (!answer.ok) {
        say(answer.status === 403
          ? "This page is of an earlier server: open the address that harness view printed."
          : "This page is gone; it no longer updates.", true);
        return;
      }
      update(new DOMParser().parseFromString(await answer.text(), "text/html"));
      say(isGoing() ? "live" : "", false);
    } catch {
      say("harness view has stopped; this page no longer updates.", true);
    }
  };

  if (!document.querySelector("[data-live]")) return;
  const again = () => setTimeout(async () => {
    await tick();
    again();
  }, isGoing() ? SOON : LATER);
  document.addEventListener("visibilitychange", tick);
  say(isGoing() ? "live" : "", false);
  again();
})();
