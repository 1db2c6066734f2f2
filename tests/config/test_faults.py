"""Everything that is wrong is said at once, at its line, with the nearest right thing."""

from collections.abc import Callable

import pytest

from relight.config.read import Reading
from relight.kernel.faults import Level

Read = Callable[..., Reading]

BAD = """\
nme: Where2Eat
people:
  - name: rebecca
    zone: Europe/Amsterdm
    contacts:
      - email: nobody
      - webhook: http://hooks.example.org/rebecca
      - emial: rebecca@example.org
  - name: rebecca
    role: king
    role: admin
  - name: everyone
services:
  - name: api
    depends_on: [cloudflare]
    checks:
      - htps://where2eat.example/health
      - http: {url: "https://where2eat.example/search", evry: 30s, timeout: 5}
      - http: {url: "https://w.example", name: a, timeout: 400s}
      - http: {url: "https://w.example", name: a, status: 99, every: 0s}
      - http: {timeout: 5s}
      - tcp: where2eat
      - http: https://w.example
        every: 30s
  - title: no name
oncall:
  - name: primary
    rotation: {every: 36h, from: 2026-02-30T09:00, people: [rebeca, sam]}
mail: {server: smtp, password: hunter22, tls: maybe}
backups: []
status_page:
  publish:
    - ./public
    - folder:
severities:
  S1: {stability: soon, pages: yes}
  S5: {}
"""

SAID = """\
relight.yaml:1: `nme` is not a key of relight.yaml. Did you mean `name`?
relight.yaml:1: `name` is missing from relight.yaml.
relight.yaml:4: `zone`: `Europe/Amsterdm` is not a time zone. Did you mean `Europe/Amsterdam`?
relight.yaml:6: `email`: `nobody` is not a mail address. Write one like rebecca@example.org.
relight.yaml:7: warning: `webhook` goes over plain http, which others on the way can read. Use https.
relight.yaml:8: `emial` is not a channel. Did you mean `email`?
relight.yaml:9: There is already a person named `rebecca`, on line 3. Give one of them another name.
relight.yaml:9: warning: `rebecca` has no contact and cannot be paged. Add `contacts:`.
relight.yaml:10: `role`: `king` is not one of: viewer, responder, admin.
relight.yaml:11: `role` is here a second time; the first is on line 10. Keep one of them.
relight.yaml:12: `name`: `everyone` is reserved for all people together. Choose another name.
relight.yaml:12: warning: This person has no contact and cannot be paged. Add `contacts:`.
relight.yaml:15: warning: There is no service or vendor named `cloudflare`. Add `vendors: [cloudflare]` to relight.yaml.
relight.yaml:17: `http`: `htps://where2eat.example/health` is not a web address. Write one like https://example.org/health.
relight.yaml:18: `evry` is not a setting of `http`. Did you mean `every`?
relight.yaml:18: `timeout`: `5` is not a duration. Write a whole number and s, m, h, d or w, like `30s`.
relight.yaml:19: `timeout`: It must be at most 300s.
relight.yaml:20: There is already a check named `a` here, on line 19. Give one of them another name.
relight.yaml:20: `every`: `0s` is too short. The least is 1s.
relight.yaml:20: `http`: `99` is not a status. Write one like 200, 2xx or 200-399.
relight.yaml:21: `url` is missing from `http`.
relight.yaml:22: `tcp`: `where2eat` is not an address. Write host:port, like db.example.org:5432.
relight.yaml:23: A probe is one kind, with its settings inside. Write `- http: {…, every: …}`.
relight.yaml:25: `name` is missing from a service.
relight.yaml:25: warning: This service has no checks; nothing watches it. Add `checks:`.
relight.yaml:28: There is no person named `rebeca`. Did you mean `rebecca`?
relight.yaml:28: There is no person named `sam`. Known: rebecca.
relight.yaml:28: `every`: `36h` is not whole days. Write `1d` or `1w`.
relight.yaml:28: `from`: `2026-02-30T09:00` is not a local date and time. Write one like 2026-01-05T09:00.
relight.yaml:29: `password` holds a secret in plain sight. Write `env:NAME` or `file:PATH` instead of the secret itself.
relight.yaml:29: `server`: `smtp` is not host:port. Write one like smtp.example.org:587.
relight.yaml:29: `tls`: `maybe` is not one of: auto, starttls, tls, none.
relight.yaml:30: `backups:` is not served by this version yet; remove it or comment it out.
relight.yaml:33: A publisher is written `kind: settings`. Known: folder.
relight.yaml:34: `path` is missing from `folder`.
relight.yaml:36: `pages`: `yes` is neither `true` nor `false`.
relight.yaml:36: `stability`: `soon` is not a duration. Write a whole number and s, m, h, d or w, like `30s`.
relight.yaml:37: `S5` is not a key of severities. Did you mean `S4`?
"""


def test_every_mistake_is_said_at_once(read: Read):
    reading = read(BAD)
    assert reading.catalog is None
    assert sorted(map(str, reading.faults)) == sorted(SAID.splitlines())
    lines = [fault.line for fault in reading.faults]
    assert lines == sorted(lines)


def test_warnings_alone_do_not_fail(read: Read):
    reading = read("name: x\npeople: [{name: a}]\nservices: [{name: s, depends_on: [aws]}]\n")
    assert reading.catalog is not None
    assert [fault.level for fault in reading.faults] == [Level.WARNING] * 4


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("# nothing yet\n", 1, "empty"),
        ("- name: x\n", 1, "a list"),
        ("just words\n", 1, "a text"),
        ("name: x\nservices:\n\t- name: a\n", 3, "tab"),
        ("name: x\npeople: [a, b\nservices: []\n", 3, "`[` opened on line 2"),
        ('name: "x\npeople: []\n', 1, "quote is opened here"),
        ("name: x\nmail: {server: a", 2, "`{` opened on line 2"),
        ("name: a: b\n", 1, "`:` where none can be"),
        ("name: x\npeople:\n  - name: a\n services: []\n", 4, "does not fit the lines above"),
        ("name: @x\n", 1, "cannot begin with `@`"),
        ('name: "\\q"\n', 1, "backslash"),
        ('name: "\\Uffffffff"\n', 1, "cannot express"),
        ("name: *x\n", 1, "points to nothing"),
        ("name: x\n---\nname: y\n", 2, "second YAML document"),
        ("name: !!python/object:os.system x\n", 1, "tag"),
        ("name: x\n<<: {a: b}\n", 2, "`<<`"),
        ("? [a]\n: b\nname: x\n", 1, "single word"),
        ("name: x\nmail: &a\n  server: *a\n", 3, "points to nothing"),
        ("name: x\npeople: {name: a}\n", 2, "is a list"),
        ("name: [x]\n", 1, "single value"),
        ("name:\n", 1, "`name` is empty"),
        ("name: x\nmail: 3\n", 2, "keys and values"),
        (b"name: x\n\x00\n", 2, "U+0000"),
        (b"name: x\nmail: \xff\n", 2, "not UTF-8"),
        ("name: x\n".encode("utf-16"), 1, "UTF-16"),
        (b"\x7fELF\x02\x01\x01\x00\x00", 1, "U+007F"),
        (b"#" * 10_000_000, 1, "larger than 1 MB"),
        ("name: x\nmail: " + "[" * 20_000, 2, "nested"),
        ("name: x\nmail:\n  " + "- " * 20_000, 3, "nested"),
    ],
)
def test_what_is_not_a_kit_is_one_plain_sentence(
    read: Read, text: str | bytes, line: int, words: str
):
    reading = read(text)
    assert reading.catalog is None
    first = next(fault for fault in reading.faults if fault.level is Level.ERROR)
    assert (first.line, words in str(first)) == (line, True), str(first)


def test_a_bomb_of_aliases_is_refused(read: Read):
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    reading = read("\n".join(["name: x", "a0: &a0 [x]", *levels]))
    assert "too many values" in str(reading.faults[-1])


def test_a_ladder_of_aliases_is_no_danger(read: Read):
    steps = [f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 260)]
    reading = read("\n".join(["name: x", "a0: &a0 x", *steps]))
    assert reading.catalog is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("backups: []", "`backups:` is not served by this version yet"),
        ("escalation: []", "`escalation:` is not served by this version yet"),
        ("services: [{name: a, runbooks: []}]", "`runbooks:` is not served by this version yet"),
        ("oncall: [{name: b, lags: a}]", "`lags:` is not served by this version yet"),
        ("people: [{name: b, role: editor}]", "`editor` is not served by this version yet"),
        ("services: [{name: a/b}]", "is no name"),
        ("services: [{name: a, core: on}]", "neither `true` nor `false`"),
        ("services: [{name: a, depends_on: a}]", "is a list"),
        ("services: [{name: a, checks: [{}]}]", "one kind"),
        ("services: [{name: a, checks: [x]}]", "`kind: settings`"),
        ("services: [{name: a, checks: [{dnz: x}]}]", "`dnz` is not a probe. Did you mean `dns`?"),
        ("services: [{name: a, checks: [https://u:p4ssw0rd@h/]}]", "user and the password"),
        ("services: [{name: a, checks: [{http: [x]}]}]", "keys and values"),
        ("services: [{name: a, checks: [tcp: {address: 'a:1', failures: 0}]}]", "out of bounds"),
        ("services: [{name: a, checks: [http: {url: 'http://a', body: [b]}]}]", "does not fit"),
        (
            "services: [{name: a, checks: [http: {url: 'http://a', body: a, expect: {body: b}}]}]",
            "`body` is here a second time",
        ),
        ("oncall: [{name: a, rotation: {from: 2026-01-05T09:00, people: []}}]", "at least one"),
        (
            "oncall: [{name: a, rotation: {from: 2026-01-05T09:00Z, people: [b]}}]",
            "has an offset",
        ),
        ("oncall: [{name: everyone}]", "reserved"),
        ("people: [{name: a, contacts: [{apprise: 'tgram://t0ps3cret/1'}]}]", "in plain sight"),
        ('mail: {password: "file:\\0"}', "`password`"),
        ("severities: {S1: {stability: 99999999999999999999w}}", "not a duration"),
        ("severities: {S1: {stability: 9999999w}}", "too long"),
        ("status_page: {url: nowhere}", "not a web address"),
    ],
)
def test_a_single_mistake(read: Read, line: str, words: str):
    reading = read(f"name: x\n{line}\n")
    assert reading.catalog is None
    said = [str(fault) for fault in reading.faults if fault.level is Level.ERROR]
    assert any(words in one for one in said), said
    assert all(fault.line == 2 for fault in reading.faults if fault.level is Level.ERROR)
    assert not any(secret in one for one in said for secret in ("p4ssw0rd", "t0ps3cret"))


def test_what_a_plug_says_of_its_secret_is_masked(read: Read):
    text = "name: x\npeople: [{name: a, contacts: [{webhook: {url: 'https://h', key: file:k}}]}]\n"
    said = " ".join(map(str, read(text).faults))
    assert "`file:k` cannot be read" in said


def test_control_characters_never_reach_the_terminal(read: Read):
    (fault, *_) = read('name: x\n"\\e[31mred\\a": 1\n').faults
    assert str(fault).isprintable()


def test_plain_http_on_this_machine_is_no_worry(read: Read):
    text = "name: x\npeople: [{name: a, contacts: ['http://127.0.0.1:9/', 'http://10.0.0.1/']}]\n"
    assert sum("plain http" in str(fault) for fault in read(text).faults) == 1


def test_a_fault_is_one_line_even_where_the_value_is_not(read: Read):
    reading = read(
        "name: x\nmail: {tls: none, server: 'a\n\n  b'}\nseverities: {S1: {repage: 'n\n\n ever'}}\n"
    )
    assert reading.catalog is None
    assert all("\n" not in str(fault) for fault in reading.faults)
