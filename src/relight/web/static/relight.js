// What the pages gain with script: the reader's own time, counting timers, words kept over a reload,
// and an honest word when the page is no longer live. Every page works without it.
"use strict";
(() => {
  const two = (n) => String(n).padStart(2, "0");
  const drift = Number(document.body.dataset.now) * 1000 - Date.now();
  const now = () => Date.now() + drift;

  // ---- lengths and times, worded as the server words them

  const length = (s) => {
    s = Math.floor(Math.abs(s));
    if (s < 60) return `${s} s`;
    const [d, h, m] = [Math.floor(s / 86400), Math.floor((s % 86400) / 3600), Math.floor((s % 3600) / 60)];
    return [d && `${d} d`, h && `${h} h`, !d && m && `${m} min`].filter(Boolean).slice(0, 2).join(" ");
  };
  const ago = (at) => {
    const s = (now() - at) / 1000;
    if (Math.abs(s) < 2) return "just now";
    return s > 0 ? `${length(s)} ago` : `in ${length(s)}`;
  };
  const written = {
    clock: (d) => `${two(d.getHours())}:${two(d.getMinutes())}`,
    second: (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`,
    moment: (d) => `${d.getDate()} ${d.toLocaleString("en", { month: "short" })} ${d.getFullYear()}, ${written.clock(d)}`,
    day: (d) => d.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    ago: (d) => ago(d.getTime()),
  };
  const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

  const localise = () => {
    for (const node of document.querySelectorAll("time[data-form]")) {
      write(node, written[node.dataset.form](new Date(node.dateTime)));
    }
  };
  const count = () => {
    for (const node of document.querySelectorAll('time[data-form="ago"]')) {
      write(node, ago(new Date(node.dateTime).getTime()));
    }
    for (const timer of document.querySelectorAll("[data-due]")) {
      const [due, started] = [Number(timer.dataset.due), Number(timer.dataset.started)];
      const left = due - now() / 1000;
      write(timer.querySelector("[data-left]"), left >= 0 ? `${length(left)} left` : `${length(left)} overdue`);
      timer.querySelector("progress").value = Math.min(Math.max(now() / 1000 - started, 0), due - started);
      timer.classList.toggle("overdue", left < 0);
    }
  };

  // ---- what was typed outlives a reload, until it is sent

  const key = (form, field) => `draft ${form.getAttribute("action")} ${form.querySelector("[name=audience]")?.value ?? ""} ${field.name}`;
  const texts = (form) => form.querySelectorAll("textarea, input:not([type=hidden], [type=radio], [type=checkbox])");
  const keepDrafts = () => {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      const refused = form.querySelector(".refused");
      for (const field of texts(form)) {
        const kept = sessionStorage.getItem(key(form, field));
        if (kept && !refused && kept !== field.value) {
          field.value = kept;
          field.closest("details")?.setAttribute("open", "");
        }
        field.addEventListener("input", () => sessionStorage.setItem(key(form, field), field.value));
      }
      if (form.dataset.draft === "keep") continue; // what is only previewed is not sent yet
      form.addEventListener("submit", () => [...form.elements].forEach((field) => sessionStorage.removeItem(key(form, field))));
    }
  };

  // ---- the reader's offset, for times that are typed in

  const zone = () => {
    for (const node of document.querySelectorAll("[data-offset]")) {
      node.form.addEventListener("submit", () => {
        const typed = node.form.elements.at?.value;
        node.value = String(-(typed ? new Date(typed) : new Date()).getTimezoneOffset());
      });
    }
    document.querySelectorAll("[data-zone]").forEach((node) => write(node, "your local time"));
  };

  // ---- live, or not live since

  const stale = document.getElementById("stale");
  let heard = now();
  const dead = () => {
    if (!stale || !stale.hidden) return;
    const since = new Date(heard);
    const time = stale.querySelector("time");
    time.dateTime = since.toISOString();
    time.title = `${since.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    write(time, written.clock(since));
    stale.hidden = false;
  };
  const alive = () => {
    heard = now();
    if (!stale || stale.hidden) return;
    stale.hidden = true;
    document.body.dispatchEvent(new CustomEvent("changed"));
  };
  if (document.querySelector("[data-live]")) {
    document.body.addEventListener("htmx:sse:after:connection", (event) => {
      const status = event.detail?.connection?.status;
      if (!status || status < 400) alive();
    });
    document.body.addEventListener("htmx:sse:after:message", () => { heard = now(); });
    document.body.addEventListener("htmx:after:swap", () => { heard = now(); });
    for (const bad of ["htmx:sse:error", "htmx:sse:close", "htmx:error", "htmx:response:error"]) {
      document.body.addEventListener(bad, dead);
    }
    window.addEventListener("offline", dead);
  }
  window.addEventListener("pagehide", () => { if (stale) stale.remove(); });

  // ---- opening what an address points into; `a`, `u` and `n` for hands on a keyboard

  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    target.closest("details")?.setAttribute("open", "");
    if (target.matches("textarea")) target.focus();
  };
  const keys = { a: () => document.querySelector("form[action$='/acknowledge'] button")?.focus(), u: () => { location.hash = "public-update"; }, n: () => { location.hash = "note"; } };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const act = document.querySelector(".room") && keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  window.addEventListener("hashchange", reveal);
  document.body.addEventListener("htmx:after:swap", () => { localise(); count(); });
  const said = document.querySelector(".said[role=status]");
  if (said) setTimeout(() => { said.hidden = true; }, 8000);
  localise();
  count();
  zone();
  keepDrafts();
  reveal();
  setInterval(count, 1000);
})();
