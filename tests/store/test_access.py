from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from relight.catalog.person import Role
from relight.store import tables as t
from relight.store.access import AccessRecords, TokenNameTaken, TokenNotFound
from relight.store.engine import Database
from tests.store.counting import NOW

HOUR_S = 3600


@pytest.fixture
def access(database: Database) -> AccessRecords:
    return AccessRecords(database)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_token_is_known_by_its_secret_until_it_is_revoked(access: AccessRecords):
    secret = access.new_token("deploy", Role.RESPONDER, NOW)
    assert access.token_role(secret.reveal(), NOW) == ("deploy", Role.RESPONDER)
    assert access.token_role("something else", NOW) is None
    access.revoke_token("deploy")
    with pytest.raises(TokenNotFound, match="deploy"):
        access.revoke_token("deploy")
    assert access.token_role(secret.reveal(), NOW) is None


def test_token_names_are_given_once(access: AccessRecords):
    access.new_token("deploy", Role.VIEWER, NOW)
    with pytest.raises(TokenNameTaken) as refusal:
        access.new_token("deploy", Role.ADMIN, NOW)
    assert refusal.value.hint
    assert [(each.name, each.role) for each in access.tokens()] == [("deploy", Role.VIEWER)]


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(
    access: AccessRecords, database: Database
):
    secret = access.new_token("deploy", Role.VIEWER, NOW).reveal()
    assert access.tokens()[0].used_at is None
    written: list[str] = []
    database.on_commit.append(lambda: written.append("x"))
    for seconds in (0, 1, 59, 60, 61):
        access.token_role(secret, later(seconds))
    assert access.tokens()[0].used_at == later(60)
    assert len(written) == 2


def test_secrets_are_long_differ_and_are_stored_as_digests_only(
    access: AccessRecords, database: Database
):
    given = [
        access.new_token("a", Role.VIEWER, NOW),
        access.new_link("sam", NOW, HOUR_S),
        access.new_session("sam", Role.ADMIN, NOW, HOUR_S),
    ]
    plain = [each.reveal() for each in given]
    assert len(set(plain)) == 3
    assert all(len(base64.urlsafe_b64decode(each + "=")) == 32 for each in plain)
    with database.read() as tx:
        tables = (t.token, t.session, t.sign_in_link)
        stored = " ".join(str(row) for table in tables for row in tx.execute(select(table)))
    assert not any(each in stored for each in plain)


def test_a_link_signs_in_once(access: AccessRecords):
    link = access.new_link("rebecca", NOW, HOUR_S).reveal()
    assert access.use_link(link, later(1)) == "rebecca"
    assert access.use_link(link, later(2)) is None
    assert access.use_link("made up", NOW) is None


def test_a_link_may_name_nobody(access: AccessRecords):
    assert access.use_link(access.new_link("", NOW, HOUR_S).reveal(), NOW) == ""


def test_an_old_link_is_refused(access: AccessRecords):
    link = access.new_link("rebecca", NOW, HOUR_S).reveal()
    assert access.use_link(link, later(HOUR_S)) is None


def test_of_many_who_use_a_link_at_once_one_comes_in(access: AccessRecords):
    link = access.new_link("rebecca", NOW, HOUR_S).reveal()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(partial(access.use_link, link), [NOW] * 12))
    assert sorted(answers, key=str) == [*[None] * 11, "rebecca"]


def test_a_session_lasts_until_it_ends_or_runs_out(access: AccessRecords):
    first = access.new_session("sam", Role.ADMIN, NOW, HOUR_S).reveal()
    second = access.new_session("sam", Role.ADMIN, NOW, HOUR_S).reveal()
    found = access.session(first, later(HOUR_S - 1))
    assert found is not None
    assert (found.person, found.role, found.expires_at) == ("sam", Role.ADMIN, later(HOUR_S))
    assert access.session(first, later(HOUR_S)) is None
    access.end_session(first)
    access.end_session(first)
    assert access.session(first, NOW) is None
    assert access.session(second, NOW) is not None
    assert access.session("made up", NOW) is None


def test_sweeping_drops_what_has_run_out(access: AccessRecords):
    assert access.sweep(NOW) == 0
    access.new_session("sam", Role.VIEWER, NOW, 10)
    kept = access.new_session("sam", Role.VIEWER, NOW, 30).reveal()
    access.new_link("sam", NOW, 10)
    assert access.sweep(later(10)) == 2
    assert access.sweep(later(10)) == 0
    assert access.session(kept, later(10)) is not None
