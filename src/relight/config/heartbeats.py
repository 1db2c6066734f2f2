"""Heartbeats: jobs that report in, by a cron expression or by how far apart."""

from relight.catalog.heartbeat import Heartbeat, slug_of
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, choice, duration, many, scalar
from relight.config.notes import Notes, shown
from relight.config.section import Found, Key, Section, build, made_of
from relight.config.tree import Node
from relight.detect.timetable import wrong_with
from relight.kernel.severity import Severity


def _cron(text: str) -> str:
    wrong = wrong_with(text)
    if wrong:
        msg = f'`{shown(text)}` is not a cron expression. {wrong} Write one like "0 2 * * *".'
        raise ValueError(msg)
    return text


_NAME = forms.declared("heartbeat")


def _read_name(node: Node, notes: Notes, key: str) -> str | Nothing:
    name = _NAME.read(node, notes, key)
    if isinstance(name, Nothing) or slug_of(name):
        return name
    what = f"`{shown(name)}` has nothing that can stand in an address."
    notes.wrong(node.line, what, "Use a name with letters a-z or digits.")
    return NOTHING


HEARTBEAT = Section(
    path="heartbeats[]",
    noun="a heartbeat",
    meaning="A job that reports when it is done. Its silence is the alert.",
    shape=Heartbeat,
    later=frozenset({"emails", "keywords", "tags", "teams", "was"}),
    keys=(
        Key(
            name="name",
            form=Form(_NAME.says, _read_name),
            required=True,
            meaning="A short name; its slug stands in the address that the job pings.",
        ),
        Key(
            name="cron",
            form=scalar('cron expression, like `"0 2 * * *"`', _cron),
            meaning="When it begins. A report is expected by the next such moment.",
        ),
        Key(name="zone", form=forms.ZONE, meaning="The zone that `cron` is in."),
        Key(
            name="every",
            field="every_s",
            form=duration(least_s=10),
            meaning="How far apart its reports are, where it has no `cron`.",
        ),
        Key(
            name="grace",
            field="grace_s",
            form=duration(least_s=1),
            meaning="How long a report may be late before it is down.",
        ),
        Key(
            name="max",
            field="max_s",
            form=duration(least_s=1),
            meaning="How long one run may take after its start was reported.",
            default="the grace",
        ),
        Key(
            name="severity",
            form=choice(Severity),
            meaning="How bad its silence is; failing checks of its service may say worse.",
        ),
        Key(
            name="service",
            form=forms.named("service"),
            meaning="The service that is alerted.",
        ),
        Key(
            name="post_only",
            form=forms.FLAG,
            meaning="Whether GET and HEAD count for nothing, since link previews send them too.",
        ),
    ),
)


def _heartbeat(found: Found, notes: Notes) -> Heartbeat | Nothing:
    lines = found.lines
    if "cron" in lines and "every" in lines:
        hint = "Keep the one that says when the job runs."
        notes.wrong(lines["every"], "A heartbeat has either `cron` or `every`, not both.", hint)
    elif "cron" not in lines and "every" not in lines:
        hint = 'Write `every: 1h`, or `cron: "0 2 * * *"`.'
        notes.wrong(found.line, "This heartbeat does not say when it is expected.", hint)
    if "zone" in lines and "cron" not in lines:
        notes.warn(lines["zone"], "`zone` means nothing without `cron`.", "Remove it.")
    return build(Heartbeat, found.values)


HEARTBEATS_FORM: Form[tuple[Heartbeat, ...]] = many(made_of(HEARTBEAT, _heartbeat), "heartbeat")
