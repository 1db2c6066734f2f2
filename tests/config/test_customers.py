"""customers.csv and `edge:` are read with the same care as the rest of the kit."""

from decimal import Decimal
from pathlib import Path

import pytest

from relight.catalog.customer import Customer
from relight.catalog.edge import EdgeBeacon
from relight.config.kinds import Kinds
from relight.config.read import Reading, read_kit
from relight.config.watch import watched

KIT = "name: X\ncustomers: customers.csv\n"


def reading(folder: Path, kinds: Kinds, table: str | bytes | None, kit: str = KIT) -> Reading:
    (folder / "relight.yaml").write_text(kit, encoding="utf-8")
    if table is not None:
        raw = table if isinstance(table, bytes) else table.encode()
        (folder / "customers.csv").write_bytes(raw)
    return read_kit(folder, kinds, {})


def errors(found: Reading) -> list[str]:
    return [str(each) for each in found.faults if each.level == "error"]


def test_a_row_is_a_customer(tmp_path: Path, kinds: Kinds):
    table = (
        "key,name,tier,paying,monthly_fee,currency,email,sites\n"
        'acme,"Acme, Inc.",business,yes,49.90,EUR,it@acme.example,acme.example shop.acme.test:8080\n'
        "\n"
        "free,,,no,,,,\n"
    )
    found = reading(tmp_path, kinds, table)
    assert errors(found) == []
    assert found.catalog
    assert found.catalog.customers == (
        Customer(
            key="acme",
            name="Acme, Inc.",
            tier="business",
            paying=True,
            monthly_fee=Decimal("49.90"),
            currency="EUR",
            email="it@acme.example",
            sites=("acme.example", "shop.acme.test:8080"),
        ),
        Customer(key="free", name="free"),
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "key,nmae\nacme,Acme\n",
            "customers.csv:1: `nmae` is not a key of a customer. Did you mean `name`?",
        ),
        (
            "key\nacme\nacme\n",
            "customers.csv:3: There is already a customer named `acme`, on line 2.",
        ),
        (
            "key,paying\nacme,maybe\n",
            "customers.csv:2: `paying`: `maybe` is neither `yes` nor `no`.",
        ),
        ("name\nAcme\n", "customers.csv:2: `key` is missing from a customer."),
        ("key\nacme,1,2\n", "customers.csv:2: This row has 3 cells; there are 1 columns."),
        ("key,monthly_fee\na,-3\n", "customers.csv:2: `monthly_fee`: `-3` is not an amount."),
        (
            "key,sites\na,https://x.example\n",
            "customers.csv:2: `sites`: `https://x.example` is not a host name.",
        ),
        ('key\n"acme\n', "customers.csv:2: This is not CSV"),
        ("", "customers.csv:1: The first row names no columns."),
        (b"key\n\xff\n", "relight.yaml:2: customers.csv: It is not UTF-8 text."),
        (None, "relight.yaml:2: customers.csv: It cannot be read: no such file or directory."),
    ],
)
def test_every_fault_names_its_place(
    tmp_path: Path, kinds: Kinds, table: str | bytes | None, said: str
):
    found = reading(tmp_path, kinds, table)
    assert found.catalog is None
    assert any(each.startswith(said) for each in errors(found)), errors(found)


def test_the_table_lies_beside_the_kit(tmp_path: Path, kinds: Kinds):
    found = reading(tmp_path, kinds, None, "name: X\ncustomers: ../customers.csv\n")
    assert "lies beside relight.yaml" in errors(found)[0]


def test_a_changed_table_is_another_version_and_is_noticed(tmp_path: Path, kinds: Kinds):
    first, before = reading(tmp_path, kinds, "key\nacme\n"), watched(tmp_path)
    second, after = reading(tmp_path, kinds, "key\nacme\nother\n"), watched(tmp_path)
    assert first.catalog
    assert second.catalog
    assert first.catalog.version != second.catalog.version
    assert before != after


def test_hosts_below_a_site_are_theirs():
    acme = Customer(key="acme", name="Acme", sites=("acme.example",))
    assert acme.stands_on("acme.example")
    assert acme.stands_on("www.acme.example")
    assert not acme.stands_on("notacme.example")
    assert Customer(key="any", name="Any").stands_on("anywhere.example")


def test_edge_keys(tmp_path: Path, kinds: Kinds):
    kit = (
        "name: X\nservices:\n  - name: widget\n    edge: {slow: 2s, wait: 4s, ready: Widget, "
        "sample: 10%, hosts: [e1.example, 'e2.example:8443'], watch: cdn.example/w.js, api: https://api.example/}\n"
        "  - name: api\n    edge:\n  - name: db\n"
    )
    found = reading(tmp_path, kinds, None, kit)
    assert errors(found) == []
    assert found.catalog
    widget, api, db = found.catalog.services
    assert widget.edge == EdgeBeacon(
        slow_s=2,
        wait_s=4,
        ready="Widget",
        sample=0.1,
        hosts=("e1.example", "e2.example:8443"),
        watch="cdn.example/w.js",
        api="https://api.example/",
    )
    assert api.edge == EdgeBeacon()
    assert db.edge is None


@pytest.mark.parametrize(
    "written", ["sample: 0%", "sample: 0.5", "hosts: ['https://x']", "slow: 0s"]
)
def test_edge_faults(tmp_path: Path, kinds: Kinds, written: str):
    kit = f"name: X\nservices:\n  - name: widget\n    edge: {{{written}}}\n"
    assert errors(reading(tmp_path, kinds, None, kit))
