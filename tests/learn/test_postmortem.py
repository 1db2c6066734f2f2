"""The draft: all that the record says, with its entries, and nothing else."""

import re
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from relight.catalog.catalog import Catalog
from relight.catalog.service import Service
from relight.incident import commands as cmd
from relight.incident import events as ev
from relight.incident.status import Audience
from relight.kernel.ledger import Entry, Unknown
from relight.kernel.severity import Severity
from relight.learn.markdown import one_line
from relight.learn.postmortem import draft, free_path
from tests.incident.given import (
    CONTACTS,
    FAILING,
    ID,
    PASSED,
    RULE,
    START,
    Story,
    alert,
    declare,
    outage,
)

CATALOG = Catalog(
    name="Where2Eat", version="v1", services=(Service(name="widget", title="The Widget"),)
)
SECTIONS = [
    "Summary",
    "Impact",
    "Timeline",
    "Verdict and evidence",
    "Root cause",
    "Contributing factors",
    "What went well",
    "What did not go well",
    "Detection and response",
    "SLA impact",
    "Action items",
    "Lessons learned",
    "Appendix: messages sent",
    "Appendix: pages",
]
CLEAR = cmd.ClearAlert(alert_id="alert-1", check="widget/check-1")
HOSTILE = [
    '"quoted": yes',
    "a: b # c",
    "--- \n---\nstatus: published",
    "<script>alert(1)</script>",
    "<!-- hidden",
    "## Root cause\n- it was Sam",
    "| a | b |",
    "```\nrm -rf\n````",
    "[#1] ![x](http://x) &lt; \\",
    "*bold* _soft_ ~~gone~~ `code`",
    "{{ title }} %s {0}",
    "- item\n1. item\n> quote\n===",
]
TEXT = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
).filter(one_line)


def written(story: Story) -> str:
    return draft(story.incident, story.entries, CATALOG, story.now).text


def head(text: str) -> dict[str, object]:
    matter = text.split("\n---\n", maxsplit=1)[0].removeprefix("---\n")
    return YAML(typ="safe").load(matter)  # pyright: ignore[reportUnknownMemberType]


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def headings(text: str) -> list[str]:
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(
        text.split("\n---\n", 1)[1]
    )
    assert not [t for t in tokens if t.type == "html_block"]
    inline = [child for t in tokens if t.type == "inline" for child in t.children or []]
    kinds = {child.type for child in inline}
    assert kinds <= {"text", "code_inline", "em_open", "em_close", "softbreak", "text_special"}
    return [tokens[n + 1].content for n, t in enumerate(tokens) if t.type == "heading_open"]


def test_the_path_is_the_day_and_the_first_title():
    story = outage()

    assert (
        draft(story.incident, story.entries, CATALOG, story.now).path
        == "postmortems/2026-05-02-widget-is-down.md"
    )


def test_the_head_says_what_machines_ask_for():
    assert head(written(outage())) == {
        "incident": ID,
        "number": 3,
        "title": "Widget is down",
        "severity": "S1",
        "status": "draft",
        "began": "2026-05-02T02:03:00Z",
        "detected": "2026-05-02T02:03:00Z",
        "acknowledged": "2026-05-02T02:05:07Z",
        "recovered": "2026-05-02T02:30:07Z",
        "resolved": "2026-05-02T03:30:07Z",
        "duration": "27 min 7 s",
        "services": ["widget"],
        "commander": "Sam",
        "due": "2026-05-05T03:30:07Z",
        "customers": "unknown",
    }


def test_the_sections_stand_in_order():
    assert headings(written(outage())) == ["INC-3: Widget is down", *SECTIONS]


def test_the_summary_and_the_numbers_cite_their_entries():
    text = written(outage())

    assert section(text, "Summary").strip().splitlines()[0] == (
        "INC-3 (Widget is down) affected The Widget. It began at 2026-05-02 02:03:00 [#1]."
        " Every check answered again at 2026-05-02 02:30:07 [#18]."
        " It was resolved at 2026-05-02 03:30:07 [#20]."
        " The evidence said: The edge in front of Widget is failing; the origin answers directly"
        " [#3]. Sam had command [#14]."
    )
    impact = section(text, "Impact")
    assert "- Duration until recovery: 27 min 7 s [#1] [#18]" in impact
    assert "- Pages asked for: 2 [#8] [#9]" in impact
    assert "- Pages taken: 1 [#11]" in impact
    assert "- Public updates: 3 [#5] [#15] [#19]" in impact
    assert "- Customers affected: unknown" in impact


def test_every_fact_names_an_entry_that_exists():
    story = outage()
    cited = {int(seq) for seq in re.findall(r"(?<!`)\[#(\d+)\]", written(story))}

    assert cited <= {entry.seq for entry in story.entries}


def test_the_timeline_counts_from_the_beginning_and_leaves_out_the_quiet():
    timeline = section(written(outage()), "Timeline")

    assert "| 02:05:07 | T+2 min 7 s | Sam has it. | Sam | [#12] |" in timeline
    assert "| 03:30:07 | T+1 h 27 min | Resolved; every criterion" in timeline
    assert "The next internal update" not in timeline


def test_what_went_well_and_what_did_not():
    text = written(outage())

    well, badly = section(text, "What went well"), section(text, "What did not go well")
    assert "- Acknowledged 2 min 7 s after it was noticed; S1 asks for 15 min [#12]." in well
    assert "- It was resolved on data: every criterion was met [#20]." in well
    assert "- 1 attempt failed before a page was taken [#10]." in badly
    assert "- The record does not say what came of 1 page [#9]." in badly


def test_what_was_late_or_never_done_is_said_without_blame():
    story = Story(declare()).after(seconds=1)
    story.run(cmd.RequestPages(round=0, contacts=(), rule="step 1: backup"), by=RULE)
    story.run(cmd.RequestPages(round=1, contacts=CONTACTS, rule="step 2"), by=RULE)
    story.run(cmd.RecordPageFailed(page=f"{ID}.1.0", attempt=1, reason="550 no such box"))
    story.run(cmd.SuppressPage(page=f"{ID}.1.1", reason="Sam has it"))
    story.after(minutes=20).run(cmd.Acknowledge(person="Sam", via="page"))
    story.run(CLEAR).run(cmd.JoinAlert(alert=alert(2)))
    story.run(cmd.Resolve(gate=FAILING, override_reason="the check itself is broken"))

    badly = section(written(story), "What did not go well")

    assert "- Acknowledged 20 min 1 s after it was noticed; S1 asks for 15 min" in badly
    assert "- The public was told: never, as far as the record says; S1 asks for 10 min." in badly
    assert "- A round of paging reached nobody: step 1: backup [#" in badly
    assert "- 1 page could not be delivered" in badly
    assert "- It failed again while it was watched: widget/check-2 fails" in badly
    assert "- It was resolved before the data showed recovery: the check itself is" in badly


def test_nothing_is_guessed():
    bare = declare(
        Severity.S3, alert=None, finding=None, policy=None, services=(), severity_reason=""
    )
    story = Story(bare, by=RULE)

    text = written(story)

    values = head(text)
    for key in ("acknowledged", "recovered", "resolved", "duration", "commander", "customers"):
        assert values[key] == "unknown"
    assert values["due"] == "none"
    assert values["services"] == []
    assert "affected services that the record does not name." in text
    assert "Which part failed: unknown." in section(text, "Summary")
    assert "Which part failed: unknown; the record holds no verdict." in text
    assert "Nobody was paged." in text
    assert "The public was told nothing." in text
    assert headings(text)[1:] == SECTIONS


def test_the_time_to_notice_is_known_only_where_the_beginning_is():
    assert "| Noticed | 2026-05-02 02:03:00 | unknown |" in written(outage())
    early = Story()
    first = msgspec.structs.replace(early.entries[0], occurred_at=START - timedelta(seconds=12))
    early.entries[0] = first
    assert "| Noticed | 2026-05-02 02:03:00 | 12 s after it began |" in written(early)


def test_a_recovery_that_did_not_last_is_not_called_one():
    story = Story().run(CLEAR).run(cmd.JoinAlert(alert=alert(2)))

    assert head(written(story))["recovered"] == "unknown"


def test_messages_stand_word_for_word_with_their_corrections():
    story = outage()
    seq = story.seq_of(ev.UpdatePosted, 1)
    story.run(cmd.Correct(seq=seq, text="Pages do not load.", reason="it was worse"))

    text = written(story)

    sent = section(text, "Appendix: messages sent")
    assert "```text\nPages load slowly.\nWe are on it.\n```" in sent
    assert f"Corrected at 2026-05-02 03:30:07 [#{len(story.entries)}]:" in sent
    assert "```text\nPages do not load.\n```" in sent
    assert "Corrected: Pages do not load. (it said: Public update: Pages load slowly." in section(
        text, "Timeline"
    )


def test_the_pages_ledger_has_every_attempt():
    pages = section(written(outage()), "Appendix: pages")

    assert (
        "| Round 1 | Sam | email sam@example.org |"
        " attempt 1 failed: no route [#10]; attempt 2 was taken: 250 ok [#11] | [#8] |" in pages
    )
    assert "| Round 1 | Rebecca | webhook hooks.example.org | outcome unknown | [#9] |" in pages


def test_an_entry_of_a_newer_version_does_not_stop_the_draft():
    story = outage()
    newer: Entry[ev.IncidentEvent] = Entry(
        stream=f"incident/{ID}",
        seq=len(story.entries) + 1,
        occurred_at=story.now,
        recorded_at=story.now,
        by=RULE,
        event=Unknown(tag="CustomersCounted", raw={}),
    )
    story.entries.append(newer)

    assert headings(written(story))[1:] == SECTIONS


@settings(max_examples=40)
@given(title=TEXT, words=TEXT, reason=TEXT)
def test_no_words_can_break_the_document(title: str, words: str, reason: str):
    _holds_together(title, words, reason)


@pytest.mark.parametrize("words", HOSTILE)
def test_these_words_do_not_break_the_document(words: str):
    _holds_together(words, words, words)


def _holds_together(title: str, words: str, reason: str) -> None:
    hostile = cmd.FirstAlert(
        alert_id="x", check=words, service=reason, summary=words, reason=reason
    )
    finding = cmd.Finding(
        domain=words,
        sentence=words,
        certainty=reason,
        evidence=(ev.Evidence(words, reason, words, START),),
    )
    story = Story(declare(services=(title,), alert=hostile, finding=finding))
    story.run(cmd.RequestPages(round=0, contacts=(), rule=words))
    contact = msgspec.structs.replace(CONTACTS[0], person=title, address=words)
    story.run(cmd.RequestPages(round=1, contacts=(contact,), rule=words))
    story.run(cmd.RecordPageFailed(page=f"{ID}.1.0", attempt=1, reason=words))
    story.run(cmd.PostUpdate(audience=Audience.PUBLIC, text=words))
    story.run(cmd.AddNote(text=words))
    story.run(cmd.Correct(seq=1, text=words, reason=reason))
    story.run(cmd.Acknowledge(person=words, via=words)) if words.strip() else None
    story.run(cmd.Resolve(gate=FAILING, override_reason=words, last_word=words))
    state = msgspec.structs.replace(story.incident, title=title, severity_reason=reason)

    text = draft(state, story.entries, CATALOG, story.now).text

    values = head(text)
    assert values["title"] == one_line(title)
    assert values["services"] == [one_line(each) for each in state.services]
    assert values["status"] == "draft"
    assert headings(text)[1:] == SECTIONS
    told = [t for t in MarkdownIt().parse(text) if t.type == "fence"]
    assert [t.content for t in told] == [
        "".join(f"{line}\n" for line in update.text.split("\n")) for update in state.public_updates
    ]


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ([], "postmortems/a.md"),
        (["postmortems/a.md"], "postmortems/a-inc-3.md"),
        (["postmortems/a.md", "postmortems/a-inc-3.md"], "postmortems/a-inc-3-2.md"),
    ],
)
def test_a_taken_path_is_left_alone(taken: list[str], free: str):
    assert free_path("postmortems/a.md", taken, number=3) == free


def test_a_drill_is_marked():
    story = Story(declare(drill=True)).run(CLEAR).run(cmd.Resolve(gate=PASSED))

    text = written(story)

    assert head(text)["drill"] is True
    assert "The public was told: never" not in text
