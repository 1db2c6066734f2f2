"""A sound kit becomes the catalogue that was meant."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from relight.catalog.catalog import Catalog, FirstNotice
from relight.catalog.person import Role
from relight.catalog.service import Route
from relight.catalog.severity_matrix import DEFAULT
from relight.config.kinds import Kinds
from relight.config.read import KitMissing, Reading, read_kit
from relight.kernel.faults import Level
from relight.kernel.plug import Plugged
from relight.kernel.severity import Severity

Read = Callable[..., Reading]

EXAMPLE = """\
# relight.yaml, in a Git folder beside runbooks/ templates/ postmortems/
name: Where2Eat
people:
  - name: rebecca
    zone: Europe/Amsterdam
    contacts:
      - email: rebecca@example.org
      - webhook: https://hooks.example.org/rebecca
services:
  - name: api
    checks:
      - https://where2eat.example/health                 # a bare URL is an http check, every 60 s
      - http: {url: "https://where2eat.example/search?q=pho", every: 30s, timeout: 5s, expect: {status: 200, body: pho}}
status_page:
  publish:
    - folder: ./public
"""


def good(reading: Reading) -> Catalog:
    assert [str(f) for f in reading.faults if f.level is Level.ERROR] == []
    assert reading.catalog is not None
    return reading.catalog


def test_the_design_example_reads_without_a_word(read: Read):
    reading = read(EXAMPLE)
    assert reading.faults == ()
    catalog = good(reading)
    assert catalog.name == "Where2Eat"
    assert catalog.version == hashlib.sha256(EXAMPLE.encode()).hexdigest()[:12]
    (rebecca,) = catalog.people
    assert (rebecca.zone, rebecca.role) == ("Europe/Amsterdam", Role.RESPONDER)
    assert rebecca.contacts == (
        Plugged("email", {"to": "rebecca@example.org"}),
        Plugged("webhook", {"url": "https://hooks.example.org/rebecca"}),
    )
    (api,) = catalog.services
    assert api.title == "api"
    first, second = api.checks
    assert (first.key, first.every_s, first.route) == ("api/http", 60, Route.THROUGH)
    assert first.probe == Plugged("http", {"url": "https://where2eat.example/health"})
    assert (second.key, second.every_s) == ("api/http-2", 30)
    assert second.probe.settings == {
        "url": "https://where2eat.example/search?q=pho",
        "timeout_s": 5,
        "status": 200,
        "body": "pho",
    }
    assert catalog.status_page.publish == (Plugged("folder", {"path": "./public"}),)


def test_a_name_is_enough(read: Read):
    reading = read("name: x\n")
    assert good(reading).severities == DEFAULT
    assert len(reading.faults) == 3
    assert {fault.level for fault in reading.faults} == {Level.WARNING}


@pytest.mark.parametrize(
    "text",
    [EXAMPLE.replace("\n", "\r\n"), "\ufeff" + EXAMPLE, "---\n" + EXAMPLE, EXAMPLE.rstrip()],
    ids=["crlf", "bom", "marker", "no newline at the end"],
)
def test_how_editors_write_files_does_not_matter(read: Read, text: str):
    assert good(read(text)).services == good(read(EXAMPLE)).services


def test_all_keys_of_this_version(read: Read):
    catalog = good(
        read(
            """\
name: "17:00"
people:
  - {name: rebecca, role: admin, contacts: [rebecca@example.org, https://hooks.example.org/r]}
  - {name: sam, contacts: [{webhook: {url: https://hooks.example.org/sam, key: env:KEY}}]}
services:
  - name: web
    title: Web shop
    description: What customers see
    depends_on: [db]
    core: false
    public: true
    checks:
      - http: {name: http, url: https://w.example/health, failures: 2, recoveries: 5, confirm: 3s}
      - http: {url: https://w.example/health, connect_to: 203.0.113.7}
      - http: {url: https://w.example/health, connect_to: 203.0.113.7, route: through, status: [200, 3xx]}
  - {name: db, public: false, checks: [{tcp: "db.example:5432"}]}
status_page: {title: How we are, url: https://status.example, first_notice: confirm, publish: [{folder: {path: ./public}}]}
oncall:
  - name: primary
    zone: Europe/Amsterdam
    rotation: {every: 1w, from: 2026-01-05T09:00, people: [rebecca, sam]}
mail: {server: "smtp.example.org:587", from: Relight <relight@example.org>, user: relight, password: env:KEY, tls: starttls}
severities:
  S1: {stability: 5s, repage: 1m, customer_mail: never}
  S3: {pages: true, acknowledge: 1h}
""",
            {"KEY": "hunter22"},
        )
    )
    assert catalog.name == "17:00"
    assert catalog.people[0].contacts[0] == Plugged("email", {"to": "rebecca@example.org"})
    assert catalog.people[0].contacts[1].kind == "webhook"
    assert catalog.people[1].contacts[0].settings["key"] == "env:KEY"
    web, db = catalog.services
    assert [check.name for check in web.checks] == ["http", "http-2", "http-3"]
    assert [check.route for check in web.checks] == [Route.THROUGH, Route.DIRECT, Route.THROUGH]
    assert (web.checks[0].failures, web.checks[0].recoveries, web.checks[0].confirm_s) == (2, 5, 3)
    assert web.checks[2].probe.settings["status"] == [200, "3xx"]
    assert (web.title, web.depends_on, web.core, db.public) == ("Web shop", ("db",), False, False)
    assert catalog.status_page.first_notice is FirstNotice.CONFIRM
    (primary,) = catalog.oncall
    assert (primary.starts, primary.every_days) == ("2026-01-05T09:00", 7)
    assert primary.people == ("rebecca", "sam")
    assert (catalog.mail.tls, catalog.mail.password) == ("starttls", "env:KEY")
    s1, s3 = catalog.severities.rule(Severity.S1), catalog.severities.rule(Severity.S3)
    assert (s1.stability_s, s1.repage_s, s1.customer_mail_s) == (5, 60, None)
    assert s1.acknowledge_s == 900
    assert (s3.pages, s3.acknowledge_s) == (True, 3600)
    assert catalog.severities.rule(Severity.S2) == DEFAULT.rule(Severity.S2)


def test_an_alias_stands_for_what_it_names(read: Read):
    text = "name: x\nservices:\n- name: a\n  checks: &c\n  - tcp: db:1\n- name: b\n  checks: *c\n"
    catalog = good(read(text))
    assert list(catalog.checks()) == ["a/tcp", "b/tcp"]


def test_a_missing_secret_warns_and_stays_a_reference(read: Read):
    text = "name: x\npeople:\n- name: a\n  contacts:\n  - apprise: env:TOPIC\n"
    reading = read(text)
    assert good(reading).people[0].contacts[0] == Plugged("apprise", {"url": "env:TOPIC"})
    assert "relight.yaml:5: warning: `env:TOPIC` is not set." in str(reading.faults[-1])


def test_no_kit_says_how_to_make_one(tmp_path: Path, kinds: Kinds):
    with pytest.raises(KitMissing) as raised:
        read_kit(tmp_path, kinds)
    assert "relight init" in raised.value.hint
    with pytest.raises(KitMissing, match=r"There is no .*gone"):
        read_kit(tmp_path / "gone", kinds)
    (tmp_path / "relight.yml").touch()
    with pytest.raises(KitMissing) as raised:
        read_kit(tmp_path, kinds)
    assert raised.value.hint == "Rename relight.yml to relight.yaml."


def test_what_is_no_readable_file_is_a_fault(tmp_path: Path, kinds: Kinds):
    kit = tmp_path / "relight.yaml"
    kit.mkdir()
    assert "not a file" in str(read_kit(tmp_path, kinds).faults[0])
    kit.rmdir()
    os.mkfifo(kit)
    assert "not a file" in str(read_kit(tmp_path, kinds).faults[0])
    kit.unlink()
    kit.symlink_to(kit)
    assert "cannot be read" in str(read_kit(tmp_path, kinds).faults[0])
