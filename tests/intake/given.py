"""A small house with senders, and ways to speak to it as they do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from relight.wiring.house import House
from tests.web.given import house_at

KIT = """\
name: shop
people:
  - {name: rebecca, role: admin, contacts: [{email: rebecca@example.org}]}
services:
  - {name: api, title: The API, checks: [{http: "http://127.0.0.1:9/"}]}
  - {name: web, title: The shop, checks: [{http: "http://127.0.0.1:9/"}]}
intake:
  - {name: prometheus, from: alertmanager}
  - {name: events, from: pagerduty, service: api}
  - {name: genie, from: opsgenie, service: {label: entity}, severity: {p3: S4}}
  - {name: scripts, from: {generic: {alert_key: host, state: state, delivery: id}}}
  - {name: shipping, from: {flags: {only: [production]}}}
  - {name: customers, from: {report: {threshold: 3, window: 15m}}}
"""


def house_with_senders(folder: Path, kit: str = KIT) -> House:
    return house_at(folder, kit=kit)


def key(house: House, name: str) -> str:
    return house.intake.senders()[name].key


def path(house: House, name: str) -> str:
    return f"/in/{name}/{key(house, name)}"


def firing(
    fingerprint: str, *, status: str = "firing", severity: str = "warning", service: str = "api"
) -> dict[str, Any]:
    labels = {"alertname": fingerprint, "severity": severity, "service": service}
    alert = {"status": status, "labels": labels, "annotations": {}, "fingerprint": fingerprint}
    return {"version": "4", "status": status, "alerts": [alert]}


def event(routing_key: str, action: str, dedup_key: str = "disk") -> dict[str, Any]:
    payload = {"summary": "The disk is full", "source": "db-1", "severity": "error"}
    return {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key,
        "payload": payload,
    }


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
