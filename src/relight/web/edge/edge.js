// What a customer's page runs to say how our service does there: see docs/guides/edge-beacon.md.
// It may never break, slow or mark the page: no cookie, no storage, nothing patched, every entry
// caught, and at most three reports a page view. Served without these lines and the space between
// words; the names are short so that it fits into 1 KB gzipped.
//   w window, p performance, d what the tag says (key, hosts, ready, watch, api, sample, wait)
((w, p) => {
// g runs what may throw, and swallows it.
const g = f => { try { f() } catch {} };
g(() => {
  const c = document.currentScript, d = c.dataset, i = Symbol.for("relight" + d.key);
  // Two tags from two hosts: whichever comes first does the work.
  if (w[i]) return;
  w[i] = {};
  if (Math.random() >= (d.sample || 1)) return;

  // h hosts, n how many. First each by fetch, whose end is known; then each by an image, which a
  // policy for connections does not hold up. x counts the ways.
  const h = (d.hosts || new URL(c.src).host).split(" "), n = h.length;
  const send = (body, x) => {
    const u = new URL("//" + h[x % n] + "/edge", c.src), f = () => send(body, x + 1);
    if (x < n) (async () => fetch(u, {
      method: "POST", body, mode: "no-cors", credentials: "omit", keepalive: true,
      signal: AbortSignal.timeout(4e3)
    }))().catch(f);
    else if (x < 2 * n) {
      const e = new Image;
      e.onerror = f;
      e.src = u + "?" + body;
    }
  };

  // Each kind k (o: the load, e: a script error, a: a failed call) is told once: v, and y why.
  const tell = (k, v, y) => {
    if (w[i][k]) return;
    w[i][k] = 1;
    send("k=" + d.key + "&" + k + "=" + v +
      (y ? "&m=" + (y + "").slice(0, 60).replace(/[^\w.:-]+/g, "+") : ""), 0);
  };

  // A load is timed from when the first of its scripts was asked for; v says whether it is good.
  const load = (v, t, y) => {
    clearInterval(z);
    const e = p.getEntriesByType("resource").find(e => own(e.name));
    tell("o", v + "&t=" + Math.max(0, t - (e ? e.startTime : 0) | 0), y);
  };

  const own = t => d.watch && t.includes(d.watch);
  const on = (k, f) => w.addEventListener(k, e => g(() => f(e, e.target.src)), true);
  on("error", (e, t) => t ? own(t) && load(0, p.now(), "not fetched") :
    own(e.filename) && tell("e", 1, e.message));
  on("unhandledrejection", e => own(e.reason.stack) && tell("e", 1, e.reason.message));
  on("load", (e, t) => !d.ready && own(t) && load(1, p.now()));

  // Good is the mark or the variable; bad is the mark `relight-fail`, or neither in time.
  const mark = k => p.getEntriesByName(k)[0];
  const end = p.now() + (d.wait || 5) * 1e3;
  const z = setInterval(() => g(() => {
    const v = mark(d.ready || "relight-ok"), e = mark("relight-fail"), t = p.now();
    if (e) load(0, e.startTime, e.detail);
    else if (v || w[d.ready]) load(1, v ? v.startTime : t);
    else if (t > end) {
      clearInterval(z);
      // A page in the background may not have begun; without `ready` nobody can tell.
      if (!document.hidden && (d.ready || !d.watch)) load(0, t, "not loaded");
    }
  }), 200);

  if (d.api) new PerformanceObserver(l => l.getEntries().map(e => e.name.startsWith(d.api) &&
    /fe|xm/.test(e.initiatorType) && (e.responseStatus === 0 || e.responseStatus > 499) &&
    tell("a", 1))).observe({ type: "resource", buffered: true });
});
})(window, performance);
