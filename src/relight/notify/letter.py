"""A message laid out for reading: plain text, and HTML that fits a phone."""

from collections.abc import Iterable

from markupsafe import Markup

from relight.notify.message import Kind, Message

_WRAP = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title></head>'
    '<body style="margin:0;padding:20px 16px;font:16px/1.5 system-ui,-apple-system,Segoe UI,'
    'Roboto,sans-serif"><div style="max-width:34em;margin:0 auto">{inside}</div></body></html>'
)
_MARKS = Markup('<p style="margin:0 0 4px;font-size:14px;opacity:.75">{}</p>')
_TITLE = Markup('<h1 style="margin:0 0 12px;font-size:22px;line-height:1.25">{}</h1>')
_SENTENCE = Markup('<p style="margin:0 0 16px">{}</p>')
_BUTTON = Markup(
    '<p style="margin:20px 0"><a href="{}" style="display:inline-block;padding:14px 24px;'
    "border-radius:8px;background:#1d4ed8;color:#ffffff;font-weight:600;text-decoration:none"
    '">{}</a></p>'
)
_LINK = Markup('<p style="margin:16px 0"><a href="{}" style="word-break:break-word">{}</a></p>')
_ROW = Markup(
    '<tr><td style="padding:2px 16px 2px 0;vertical-align:top;opacity:.75">{}</td>'
    '<td style="padding:2px 0;word-break:break-word">{}</td></tr>'
)
_TABLE = Markup('<table role="presentation" style="border-collapse:collapse">{}</table>')
_FOOT = Markup('<p style="margin:24px 0 0;font-size:14px;opacity:.75">{}</p>')


def facts(message: Message) -> list[tuple[str, str]]:
    """Give the labelled lines below the sentence, services first."""
    services = [("Services", ", ".join(message.services))] if message.services else []
    return [*services, *((each.label, each.value) for each in message.details)]


def text(message: Message) -> str:
    """Write it as plain text."""
    parts = [message.sentence]
    if lines := [f"{label}: {value}" for label, value in facts(message)]:
        parts.append("\n".join(lines))
    if message.acknowledge_url:
        parts.append(f"Acknowledge (asks once more): {message.acknowledge_url}")
    if message.url:
        parts.append(f"{_link_label(message)}: {message.url}")
    parts.append(f"-- \n{_foot(message)}")
    return "\n\n".join(parts) + "\n"


def html(message: Message) -> str:
    """Write it as HTML; everything that came from outside is escaped."""
    marks = [str(message.severity) if message.severity else ""]
    marks.append(message.incident.number if message.incident else "")
    marks.append("Drill" if message.drill else "")
    inside = [
        _MARKS.format(" · ".join(mark for mark in marks if mark)),
        _TITLE.format(message.title),
        _SENTENCE.format(message.sentence),
    ]
    if message.acknowledge_url:
        inside.append(_BUTTON.format(message.acknowledge_url, "Acknowledge"))
    if rows := [_ROW.format(label, value) for label, value in facts(message)]:
        inside.append(_TABLE.format(_together(rows)))
    if message.url:
        inside.append(_LINK.format(message.url, _link_label(message)))
    inside.append(_FOOT.format(_foot(message)))
    return str(_WRAP.format(title=message.subject, inside=_together(inside)))


def _together(parts: Iterable[Markup]) -> Markup:
    return Markup().join(parts)


def _link_label(message: Message) -> str:
    return "Sign in" if message.kind is Kind.SIGNIN else "Open the incident"


def _foot(message: Message) -> str:
    drill = "This is a drill. " if message.drill else ""
    return f"{drill}Sent to {message.recipient} by Relight, {message.at:%Y-%m-%d %H:%M} UTC."
