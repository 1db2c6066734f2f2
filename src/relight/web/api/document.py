"""The API described for programs: OpenAPI 3.1."""

from typing import Any

import msgspec
from litestar import MediaType, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

import relight
from relight.web.access import COOKIE
from relight.web.account import WebRequest, open_to_all

_ABOUT = """\
Everything that the pages do can be done here. A refusal answers 409 with `error`, the name of the
state that stands in the way, `sentence` for people and `hint`, the next step.
Send an API token as `Authorization: Bearer …`; `relight token new` makes one.
A command repeated with the same `Idempotency-Key` gives the first answer.
"""


class Document(JsonRenderPlugin):
    """Serves the document, saying of each request body that it takes no unknown field."""

    def render(self, request: WebRequest, openapi_schema: dict[str, Any]) -> bytes:
        """Give the document."""
        schemas = openapi_schema["components"]["schemas"]
        for name in _bodies(openapi_schema):
            schemas[name]["additionalProperties"] = False
        return msgspec.json.encode(openapi_schema)


def _bodies(document: dict[str, Any]) -> set[str]:
    """Name the components that are bodies: exactly those refuse unknown fields."""
    posts = (path["post"] for path in document["paths"].values() if "post" in path)
    contents = (post["requestBody"]["content"] for post in posts if "requestBody" in post)
    return {str(each["application/json"]["schema"]["$ref"]).rpartition("/")[2] for each in contents}


OPENAPI = OpenAPIConfig(
    title="Relight",
    version=relight.__version__,
    description=_ABOUT,
    use_handler_docstrings=True,
    render_plugins=[Document(path="/openapi.json", media_type=MediaType.JSON)],
    openapi_router=Router("/api", route_handlers=[], guards=[open_to_all], include_in_schema=False),
    components=Components(
        security_schemes={
            "token": SecurityScheme(type="http", scheme="bearer", description="An API token."),
            "session": SecurityScheme(
                type="apiKey",
                security_scheme_in="cookie",
                name=COOKIE,
                description="Someone signed in on the pages.",
            ),
        }
    ),
)
