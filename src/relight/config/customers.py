"""Customers: a table beside relight.yaml, read with the same forms and faults as the rest."""

import csv
import io
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

from relight.catalog.customer import Customer
from relight.config import forms
from relight.config.forms import NOTHING, Form, Nothing, one_text, scalar
from relight.config.notes import Notes, shown
from relight.config.section import Found, Key, Section, build, read_section
from relight.config.tree import Node, Pairs, Scalar

_LARGEST = 4 << 20
_MOST = 20_000
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?)+(:\d{1,5})?", re.ASCII)


def _yes_or_no(text: str) -> bool:
    word = text.lower()
    if word in {"yes", "true", "1"}:
        return True
    if word in {"no", "false", "0"}:
        return False
    msg = f"`{shown(text)}` is neither `yes` nor `no`."
    raise ValueError(msg)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and 0 <= amount < 1_000_000_000):
        msg = f"`{shown(text)}` is not an amount. Write one like 49 or 49.90."
        raise ValueError(msg)
    return amount


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        msg = f"`{shown(text)}` is not a currency. Write three letters, like EUR."
        raise ValueError(msg)
    return text


def _hosts(text: str) -> tuple[str, ...]:
    found = tuple(text.lower().split())
    for each in found:
        if not _HOST.fullmatch(each):
            msg = f"`{shown(each)}` is not a host name. Write one like shop.example."
            raise ValueError(msg)
    return found


CUSTOMER = Section(
    path="customers.csv",
    noun="a customer",
    meaning="One row a customer, under a first row that names the columns.",
    shape=Customer,
    later=frozenset({"was", "agreement", "zone", "contacts"}),
    keys=(
        Key(name="key", form=forms.declared("customer"), required=True, meaning="A short name."),
        Key(name="name", form=forms.TEXT, meaning="What people call them.", default="the key"),
        Key(name="tier", form=forms.TEXT, meaning="The plan they are on, in your own words."),
        Key(
            name="paying",
            form=scalar("`yes` or `no`", _yes_or_no),
            meaning="Whether they pay; those who do count for the severity.",
        ),
        Key(name="monthly_fee", form=scalar("amount", _amount), meaning="What they pay a month."),
        Key(name="currency", form=scalar("three letters", _currency), meaning="In what currency."),
        Key(name="email", form=forms.MAIL_ADDRESS, meaning="Where to write to them."),
        Key(
            name="sites",
            form=scalar("host names, by spaces", _hosts),
            meaning="Where their pages stand; names below these count too. Reports from other "
            "pages in their name are left out. Without any, every page may report.",
        ),
    ),
)


def _read(node: Node, notes: Notes, key: str) -> tuple[Customer, ...] | Nothing:
    name = one_text(node, notes, key)
    if isinstance(name, Nothing):
        return NOTHING
    if "/" in name or "\0" in name or not name.endswith(".csv"):
        what = f"`{key}` names a `.csv` file that lies beside {notes.file}."
        notes.wrong(node.line, what, "Write one like customers.csv.")
        return NOTHING
    try:
        text = _text_of(notes.root / name)
    except ValueError as error:
        notes.wrong(node.line, f"{shown(name)}: {error}")
        return NOTHING
    notes.took(name, text)
    inner = notes.beside(name)
    found = _rows(text, inner)
    notes.include(inner)
    return found


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        msg = f"It cannot be read: {(error.strerror or 'unknown reason').lower()}."
        raise ValueError(msg) from None
    if len(raw) > _LARGEST:
        msg = "It is larger than 4 MB."
        raise ValueError(msg)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = "It is not UTF-8 text."
        raise ValueError(msg) from None


def _rows(text: str, notes: Notes) -> tuple[Customer, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    customers: list[Customer] = []
    try:
        columns = [Scalar(1, each.strip()) for each in next(reader, list[str]())]
        if not any(each.text for each in columns):
            notes.wrong(1, "The first row names no columns.", f"They are: {_columns()}.")
            return ()
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(columns):
                what = f"This row has {len(cells)} cells; there are {len(columns)} columns."
                notes.wrong(line, what, "Put quotes around a cell with a comma in it.")
                continue
            if len(customers) >= _MOST:
                notes.wrong(line, f"There are more than {_MOST} customers.")
                break
            made = _customer(line, columns, cells, notes)
            if not isinstance(made, Nothing):
                customers.append(made)
    except csv.Error as error:
        notes.wrong(reader.line_num, f"This is not CSV: {error}.")
    return tuple(customers)


def _customer(
    line: int, columns: list[Scalar], cells: list[str], notes: Notes
) -> Customer | Nothing:
    # A wrong column is one fault, on the first row of all.
    pairs = tuple(
        (column, Scalar(line, cell, plain=False))
        for column, cell in zip(columns, cells, strict=False)
        if cell.strip()
    )
    found = read_section(CUSTOMER, Pairs(line, pairs), notes)
    return NOTHING if isinstance(found, Nothing) else _made(found)


def _made(found: Found) -> Customer | Nothing:
    return build(Customer, {"name": found.values.get("key"), **found.values})


def _columns() -> str:
    return ", ".join(key.name for key in CUSTOMER.keys)


CUSTOMERS_FORM = Form("name of a `.csv` file beside `relight.yaml`", _read)
