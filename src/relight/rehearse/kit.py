"""The kit of a rehearsal: one service behind an edge, one person to page, one public page."""

from string import Template

import msgspec

PERSON = "sam"
MAIL_TO = "sam@widget.example"
SERVICE = "widget"
COMPONENT = "Widget"
HOOK_KEY_FILE = "webhook.key"
PUBLIC_FOLDER = "public"


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How quickly it goes: how often to look, and how long it must hold, in whole seconds."""

    every_s: int
    stability_s: int


FAST = Pace(every_s=1, stability_s=5)
WATCHED = Pace(every_s=5, stability_s=12)


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of the rehearsal listen; `mail` is `host:port`, the rest are URLs."""

    edge: str
    origin: str
    mail: str
    hook: str
    relight: str


_KIT = Template("""\
# Written by `relight demo`. It is an ordinary kit: read it, change it, run it with `relight up`.
name: Widget Works
people:
  - name: $person
    contacts:
      - email: $mail_to
      - webhook: {url: $hook, key: "file:$key_file"}
services:
  - name: $service
    title: $component
    description: The small box on our customers' pages
    checks:
      # As users go, through the edge; and past it, straight to the origin.
      - http: {name: through, url: $edge/health, every: ${every_s}s, confirm: 1s, timeout: 2s}
      - http: {name: direct, url: $origin/health, every: ${every_s}s, route: direct, timeout: 2s}
mail: {server: "$mail", from: relight@widget.example}
severities:
  # Much shorter than you would want: the default for S1 is an hour.
  S1: {stability: ${stability_s}s}
status_page:
  title: Widget Works
  url: $relight/status/
  publish:
    - folder: ./$public
""")


def write_kit(addresses: Addresses, pace: Pace) -> str:
    """Write its relight.yaml."""
    return _KIT.substitute(
        person=PERSON,
        mail_to=MAIL_TO,
        service=SERVICE,
        component=COMPONENT,
        key_file=HOOK_KEY_FILE,
        public=PUBLIC_FOLDER,
        every_s=pace.every_s,
        stability_s=pace.stability_s,
        **msgspec.structs.asdict(addresses),
    )
