"""How Relight is reached: every command of the shell, every route of the API."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import click
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from relight.cli import cli as root
from relight.web import api as door
from relight.web.account import GUARDS, account_of
from tools.docs.page import Page, code, fenced, table

_WIDTH = 96
_ROLES = {
    "open_to_all": "anyone",
    "viewer": "viewer",
    "responder": "responder",
    "admin": "admin",
}
_OTHER_ADDRESSES = (
    ("/", "Pages for people who are signed in.", "session"),
    ("/sign-in", "Signs in with a single-use link.", "anyone"),
    ("/ack/…", "Acknowledges from a page, after a confirmation.", "the signed link"),
    ("/status/", "The public status page, also as `history.html`, feed and JSON.", "anyone"),
    ("/status/api/v2/….json", "The public page in Statuspage's shape.", "anyone"),
    ("/health", "Whether the process is up.", "anyone"),
    ("/ready", "Whether it can work, and why not.", "anyone"),
    ("/metrics", "Relight's own numbers for Prometheus.", "this machine, or an API token"),
    ("/in/NAME/KEY", "Takes in what a sender outside hands over.", "the source's key"),
    ("/v2/enqueue, /v2/alerts", "The same for PagerDuty's and Opsgenie's clients.", "that key"),
    ("/report", "Where customers report problems, if a source is declared for it.", "anyone"),
    ("/api/openapi.json", "The API as an OpenAPI 3.1 document.", "anyone"),
)


def shell() -> Page:
    """Print the help of every command."""
    page = Page(
        "cli.md",
        "The shell",
        "Every command but `demo` takes the kit folder as its last argument (`try` as `--kit`), or "
        "works in the current one, and works with and without a running `relight up`. Exit codes: "
        "0 fine, 1 the answer is no, 2 used wrongly, 3 could not find out.",
    )
    for path, command in _commands(root, "relight"):
        if not (command.help or "").strip():
            page.lacks(f"the command `{path}`")
        for option in command.params:
            shown = isinstance(option, click.Option) and not option.hidden
            if shown and not (option.help or "").strip():
                page.lacks(f"the option `{option.opts[-1]}` of `{path}`")
        context = click.Context(
            command,
            info_name=path,
            terminal_width=_WIDTH,
            max_content_width=_WIDTH,
            help_option_names=["-h", "--help"],
        )
        page.add(f"## {path}", fenced(command.get_help(context), "text"))
    return page


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _commands(inner, f"{path} {name}")


def api() -> Page:
    """List every route of the API with who may call it and what it answers."""
    page = Page(
        "api.md",
        "The API",
        "JSON under `/api/v1`. Send an API token as `Authorization: Bearer …`; `relight token "
        "new` makes one. Times are RFC 3339 in UTC. A call that changes something takes an "
        "`Idempotency-Key`: a repeat with the same key gives the first answer. A refusal answers "
        "with `error` (one of the words in [refusals.md](refusals.md)), `sentence` and perhaps "
        "`hint` and `field`. The whole of it as an OpenAPI 3.1 document: `/api/openapi.json`.",
    )
    app = Litestar(
        list(door.HANDLERS),
        # Only the description is asked for; nothing is ever called.
        dependencies={
            "house": Provide(_absent, sync_to_thread=False),
            "account": Provide(account_of, sync_to_thread=False),
        },
        openapi_config=door.OPENAPI,
        logging_config=None,
    )
    document: dict[str, Any] = app.openapi_schema.to_schema()
    paths: dict[str, dict[str, Any]] = document["paths"]
    shapes: dict[str, dict[str, Any]] = document["components"]["schemas"]
    rows: list[tuple[str, ...]] = []
    details: list[str] = []
    for path, method, handler in _routes(app):
        operation = paths.get(path, {}).get(method.lower())
        if operation is None:
            continue
        role = _role(handler)
        summary = operation.get("summary", "")
        if not summary or not role:
            page.lacks(f"the route {method} {path}")
        rows.append((code(method), code(path), summary, role))
        details += [f"## {method} {path}", operation.get("description", ""), f"Role: {role}."]
        details += [_asked(operation, shapes), _answers(operation.get("responses", {}))]
    page.add(table(("", "Path", "What it does", "Role"), rows))
    page.add("## Other addresses", table(("Address", "What it is", "For"), _other()))
    page.add(*details)
    return page


def _absent() -> None:
    """Stand in for what a running door would hand to its handlers."""


def _other() -> list[tuple[str, ...]]:
    return [(code(address), meaning, who) for address, meaning, who in _OTHER_ADDRESSES]


def _routes(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    found = [
        (route.path_format, str(method), handler)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
        for method in handler.http_methods
    ]
    yield from sorted(found, key=lambda each: (each[0], each[1]))


def _role(handler: HTTPRouteHandler) -> str:
    asked = cast("Sequence[object]", handler.resolve_guards())  # pyright: ignore[reportUnknownMemberType]
    guards = [guard for guard in GUARDS if guard in asked]
    return _ROLES[guards[0].__name__] if guards else ""


def _asked(operation: Mapping[str, Any], shapes: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay out what a call takes: its parameters, and the fields of its body."""
    rows = [
        (
            code(each["name"]),
            each["in"],
            "yes" if each.get("required") else "",
            each.get("description", ""),
        )
        for each in operation.get("parameters", ())
    ]
    shape = shapes.get(_reference(operation.get("requestBody", {})), {})
    required = shape.get("required", ())
    rows += [
        (code(name), "body", "yes" if name in required else "", _field(each, shapes))
        for name, each in shape.get("properties", {}).items()
    ]
    return table(("Parameter", "In", "Required", "Meaning"), rows)


def _field(schema: Mapping[str, Any], shapes: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what a field of a body holds."""
    if "$ref" in schema:
        return _field(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    options = [each for each in schema.get("oneOf", ()) if each.get("type") != "null"]
    if options:
        words = dict.fromkeys(_field(each, shapes) for each in options)
        return " or ".join(word for word in words if word)
    if schema.get("type") == "array":
        return f"list: {_field(schema['items'], shapes)}"
    if "enum" in schema:
        return " or ".join(code(str(each)) for each in schema["enum"])
    if schema.get("format") == "date-time":
        return "a time, RFC 3339"
    plain = {"string": "text", "boolean": "true or false", "integer": "whole number"}
    kind = str(schema.get("type", ""))
    return str(schema.get("description") or plain.get(kind, kind))


def _answers(responses: Mapping[str, Any]) -> str:
    rows = [
        (status, _schema_name(each), each.get("description", ""))
        for status, each in sorted(responses.items())
    ]
    shown = [(code(status), code(shape), says) for status, shape, says in rows]
    return table(("Answer", "Shape", "When"), shown)


def _reference(holder: Mapping[str, Any]) -> str:
    """Give the key of a body's shape among the document's components."""
    schemas = (content.get("schema", {}) for content in holder.get("content", {}).values())
    return next((schema.get("$ref", "").rpartition("/")[2] for schema in schemas), "")


def _schema_name(holder: Mapping[str, Any]) -> str:
    """Name the shape of a body or an answer, as the OpenAPI document does."""
    for content in holder.get("content", {}).values():
        schema = content.get("schema", {})
        listed = schema.get("type") == "array"
        reference = (schema.get("items", {}) if listed else schema).get("$ref", "")
        name = reference.rpartition("/")[2].rpartition("_")[2] or schema.get("type", "")
        return f"[{name}]" if listed else name
    return ""
