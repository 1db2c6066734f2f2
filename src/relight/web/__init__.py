"""The web door: pages, API, public page. A thin layer over the desk.

For whoever writes a page (`web/pages/`, `web/templates/`, `web/static/`):

- `relight.web.account`: guards `viewer`, `responder`, `admin`, `open_to_all` (each route names one,
  or nobody gets in), `account_of(request)`, `account_or_none(request)`.
- `relight.web.house`: `TheHouse`; `request.app.state.house` is the same.
- `relight.web.shell`: `page(request, "name.html", status=200, **values)`, `environment()`.
- `relight.web.errors`: a page raises a `RelightError`; `error.html` shows it with `status`,
  `sentence`, `hint` and `fault_id`.
- `relight.web.pages.HANDLERS`: the Litestar handlers that the app mounts.
- `relight.web.ack`: `opened(house, token)` gives the `AckLink` (incident, person, page, `done`)
  behind a signed link. The page owns GET `/ack/{token:str}` (guard `open_to_all`, template
  `ack.html`, a form that posts to the same path); POST is here and redirects to that GET, where
  `done` is then true.
- Templates that this door draws itself: `error.html`, `sign-in.html`, `sign-in-link.html`,
  `sign-in-who.html`, `sign-in-sent.html`.
- Everything in `web/static/` is served below `/static/`, beside `tokens.css` and `lamp.svg`.

Blocking work runs in threads: write `def` handlers with `sync_to_thread=True`. Parameters are
marked as Litestar 2.25 asks: `FromPath[str]`, `FromQuery[int]`, `URLEncodedBody[Form]`, and
`Annotated[str, QueryParameter(name="next")]` where the name is no good one in Python. An unmarked
one is a warning, so an error in tests.
"""
