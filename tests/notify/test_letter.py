"""A message laid out for reading."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from relight.notify import letter
from relight.notify.message import Kind, Message
from tests.peers.messages import PAGE


def test_the_subject_says_severity_incident_and_title() -> None:
    assert PAGE.subject == "[S1] INC-3 widget fails: Überlast für <b>Phở</b>"
    drill = msgspec.structs.replace(PAGE, drill=True, title="a\r\n b")
    assert drill.subject == "[DRILL] [S1] INC-3 a b"


def test_plain_text_holds_all() -> None:
    text = letter.text(PAGE)
    assert text.startswith(PAGE.sentence)
    for part in (
        "Services: widget, api",
        "Failing since: 08:14 UTC",
        PAGE.acknowledge_url,
        PAGE.url,
    ):
        assert part in text


def test_html_escapes_what_came_from_outside() -> None:
    html = letter.html(PAGE)
    assert "&lt;b&gt;Phở&lt;/b&gt;" in html
    assert "<b>" not in html
    assert f'href="{PAGE.acknowledge_url}"' in html


def test_links_that_are_not_there_leave_no_trace() -> None:
    bare = Message(
        delivery_id="1",
        kind=Kind.SIGNIN,
        recipient="sam",
        title="Sign in",
        sentence="Here is your link.",
        at=PAGE.at,
    )
    assert "Acknowledge" not in letter.text(bare) + letter.html(bare)
    assert "href" not in letter.html(bare)
    assert bare.subject == "Sign in"


@given(st.text(), st.text(), st.text())
def test_nothing_gets_out_of_its_place(title: str, sentence: str, link: str) -> None:
    message = msgspec.structs.replace(PAGE, title=title, sentence=sentence, acknowledge_url=link)
    plain = msgspec.structs.replace(PAGE, title="t", sentence="s", acknowledge_url="l")
    button = 0 if link else letter.html(plain).count("<") - _tags_without_button(plain)
    assert letter.html(message).count("<") == letter.html(plain).count("<") - button


def _tags_without_button(message: Message) -> int:
    return letter.html(msgspec.structs.replace(message, acknowledge_url="")).count("<")
