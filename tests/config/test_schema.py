"""The reference page is the reader's own table."""

import msgspec

from relight.catalog.catalog import Catalog, MailServer, StatusPage
from relight.catalog.person import Person
from relight.catalog.service import Check, Service
from relight.config.kinds import Kinds
from relight.config.language import SECTIONS
from relight.config.schema import document


def test_every_field_of_the_catalogue_can_be_written():
    made = {"version", "service", "probe", "vendor_parts"}  # what the reader itself fills in
    for shape in (Catalog, Person, Service, Check, StatusPage, MailServer):
        section = next(each for each in SECTIONS if each.shape is shape)
        fields = {key.field or key.name for key in section.keys}
        assert fields == {field.name for field in msgspec.structs.fields(shape)} - made


def test_every_key_is_described_with_its_default(kinds: Kinds):
    sections = {section.title: section for section in document(kinds)}
    assert all(row.meaning for section in SECTIONS for row in section.keys)
    assert all(section.meaning for section in sections.values())
    rows = {row.key: row.default for row in sections["services[].checks[].KIND"].rows}
    assert (rows["every"], rows["confirm"], rows["failures"]) == ("1m", "1s", "3")
    assert {"probe http", "channel email", "publisher folder"} <= sections.keys()
    only = [row.key for row in sections["relight.yaml"].rows if row.required]
    assert only == ["name"]
