"""One delivery of each format, written from what its sender publishes; the source stands by each."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from relight.detect.handed import Handed
from relight.detect.intake import INTAKE, Format

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
SECRET = "hunter2-do-not-show"

Headers = Callable[[bytes], dict[str, str]]


def _none(_body: bytes) -> dict[str, str]:
    return {}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with what it should come to. `forged` is a header that a forger gets wrong."""

    settings: dict[str, Any]
    body: bytes
    headers: Headers = _none
    method: str = "POST"
    path: str = ""
    query: Mapping[str, str] = {}
    counts: dict[str, int]
    by_mail: bool = False
    forged: str = ""
    fetched: bytes = b""

    def handed(self, **changes: object) -> Handed:
        first = Handed(
            id="0b7b8e62-70a3-4b54-a3a5-6a5b9d1a7c01",
            now=NOW,
            method=self.method,
            path=self.path,
            query=self.query,
            headers=self.headers(self.body),
            body=self.body,
            by_mail=self.by_mail,
            fetched=self.fetched,
        )
        return msgspec.structs.replace(first, **changes)

    def format(self, kind: str) -> Format:
        return msgspec.convert(self.settings, INTAKE.get(kind))


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _bearer(_body: bytes) -> dict[str, str]:
    return {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}


def _signed(header: str, prefix: str = "", **more: str) -> Headers:
    def headers(body: bytes) -> dict[str, str]:
        mac = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
        return {header: f"{prefix}{mac}", "content-type": "application/json", **more}

    return headers


# prometheus.io/docs/alerting/latest/configuration/#webhook_config
ALERTMANAGER = {
    "version": "4",
    "groupKey": '{}:{alertname="HighLatency"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "relight",
    "groupLabels": {"alertname": "HighLatency"},
    "commonLabels": {"alertname": "HighLatency", "severity": "critical"},
    "commonAnnotations": {"summary": "p95 is above 2 s"},
    "externalURL": "http://alertmanager.example.org:9093",
    "notification_reason": "new alerts",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighLatency", "severity": "critical", "service": "api"},
            "annotations": {
                "summary": "p95 is above 2 s",
                "description": "It was 3.1 s over 5 minutes.",
                "runbook_url": "https://runbooks.example.org/latency",
            },
            "startsAt": "2026-05-02T11:58:00.000Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org:9090/graph",
            "fingerprint": "c6eadffa33fcdf37",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "HighLatency", "severity": "critical", "service": "web"},
            "annotations": {},
            "startsAt": "2026-05-02T11:50:00.000Z",
            "endsAt": "2026-05-02T11:59:00.000Z",
            "generatorURL": "",
            "fingerprint": "bc97ff14869b13e3",
        },
    ],
}
# grafana.com/docs/grafana/latest/alerting/.../webhook-notifier
GRAFANA = {
    "receiver": "My Super Webhook",
    "status": "firing",
    "orgId": 1,
    "title": "[FIRING:1] High memory usage",
    "state": "alerting",
    "message": "**Firing**",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://play.grafana.example.org/",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
            "annotations": {"summary": "This alert was triggered for zone us-1"},
            "startsAt": "2026-05-02T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://play.grafana.example.org/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://play.grafana.example.org/alerting/silence/new",
            "dashboardURL": "https://play.grafana.example.org/d/abc",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
        }
    ],
}
# developer.pagerduty.com/docs/events-api-v2/trigger-events
PAGERDUTY = {
    "payload": {
        "summary": "Disk is 95 % full on prod-3",
        "timestamp": "2026-05-02T11:59:00.000Z",
        "severity": "critical",
        "source": "prod-3.example.org",
        "component": "mysql",
        "group": "prod-datapipe",
        "class": "disk",
        "custom_details": {"free space": "1%", "load": [1, 2, 3]},
    },
    "routing_key": "samplekeyhere",
    "dedup_key": "samplekeyhere",
    "images": [
        {"src": "https://graphs.example.org/cpu.png", "href": "https://example.org/", "alt": "CPU"}
    ],
    "links": [{"href": "https://example.org/", "text": "Link text"}],
    "event_action": "trigger",
    "client": "Sample Monitoring Service",
    "client_url": "https://monitoring.example.org",
    "a_field_of_tomorrow": "kept",
}
# docs.opsgenie.com/docs/alert-api#create-alert
OPSGENIE = {
    "message": "An example alert message",
    "alias": "Life is too short for no alias",
    "description": "Every alert needs a description",
    "responders": [{"id": "4513b7ea-3b91-438f-b7e4-e3e54af9147c", "type": "team"}],
    "visibleTo": [{"username": "rocket_team@example.org", "type": "user"}],
    "actions": ["Restart", "AnExampleAction"],
    "tags": ["OverwriteQuietHours", "Critical"],
    "details": {"key1": "value1", "key2": "value2"},
    "entity": "An example entity",
    "priority": "P1",
    "note": "It was this way since noon.",
    "user": "rebecca",
}
GENERIC = {"checks": [{"host": "db-1", "problem": "is slow", "level": "warning", "state": "open"}]}
# docs.datadoghq.com/integrations/webhooks (the template of the format's own manual page)
DATADOG = {
    "id": "7012345678901234567",
    "title": "[Triggered] CPU is high on web-1",
    "body": "CPU is above 90 %.",
    "alert_id": "1234",
    "transition": "Triggered",
    "alert_type": "error",
    "priority": "P2",
    "scope": "host:web-1",
    "hostname": "web-1",
    "tags": "service:api,env:prod,monitor",
    "link": "https://app.datadoghq.example.org/monitors/1234",
    "snapshot": "",
    "aggregate": "b6f1",
    "date": "1777723140000",
}
# docs.sentry.io/organization/integrations/integration-platform/webhooks/issue-alerts
SENTRY = {
    "action": "triggered",
    "actor": {"id": "sentry", "name": "Sentry", "type": "application"},
    "data": {
        "event": {
            "culprit": "?(<anonymous>)",
            "datetime": "2026-05-02T11:59:30.000000Z",
            "environment": "production",
            "event_id": "e4874d664c3540c1a32eab185f12c5ab",
            "issue_id": "1170820242",
            "issue_url": "https://sentry.example.org/api/0/issues/1170820242/",
            "level": "error",
            "message": "",
            "platform": "javascript",
            "project": 1,
            "tags": [["browser", "Chrome 75.0.3770"], ["service", "api"]],
            "title": "ReferenceError: heck is not defined",
            "url": "https://sentry.example.org/api/0/projects/o/front/events/e48/",
            "web_url": "https://sentry.example.org/organizations/o/issues/1170820242/",
        },
        "triggered_rule": "Very Important Alert Rule!",
    },
    "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
}
# help.uptimerobot.com/en/articles/14498593-webhook-integration
UPTIMEROBOT = {
    "monitorID": "777712345",
    "monitorURL": "https://api.example.org/",
    "monitorFriendlyName": "API",
    "alertType": "1",
    "alertTypeFriendlyName": "Down",
    "alertDetails": "HTTP 503 - Service Unavailable",
    "monitorAlertContacts": "457;2;john@example.org",
    "alertDateTime": "1777723140",
}
# www.pingdom.com/resources/webhooks
PINGDOM = {
    "check_id": 12345,
    "check_name": "Name of HTTP check",
    "check_type": "HTTP",
    "check_params": {
        "basic_auth": False,
        "encryption": True,
        "full_url": "https://www.example.com/path",
        "header": "User-Agent:Pingdom.com_bot",
        "hostname": "www.example.com",
        "ipv6": False,
        "port": 443,
        "url": "/path",
    },
    "tags": ["example_tag"],
    "previous_state": "UP",
    "current_state": "DOWN",
    "importance_level": "HIGH",
    "state_changed_timestamp": 1777723140,
    "state_changed_utc_time": "2026-05-02T11:59:00",
    "long_description": "Long error message",
    "description": "Short error message",
    "first_probe": {"ip": "123.4.5.6", "ipv6": "2001:4800::5", "location": "Stockholm, Sweden"},
    "second_probe": {"ip": "123.4.5.6", "ipv6": "2001:4800::5", "location": "Austin, US"},
    "version": 1,
}
# docs.github.com/en/webhooks/webhook-events-and-payloads#push
GITHUB_PUSH = {
    "ref": "refs/heads/main",
    "before": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    "after": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
    "created": False,
    "deleted": False,
    "forced": False,
    "compare": "https://github.com/acme/shop/compare/6113728f27ae...0d1a26e67d8f",
    "commits": [{"id": "1"}, {"id": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"}],
    "head_commit": {
        "id": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
        "message": "Drop the index on orders\n\nIt was not used.",
        "timestamp": "2026-05-02T13:59:00+02:00",
        "url": "https://github.com/acme/shop/commit/0d1a26e67d8f",
    },
    "repository": {
        "id": 186853002,
        "name": "shop",
        "full_name": "acme/shop",
        "default_branch": "main",
        "html_url": "https://github.com/acme/shop",
    },
    "pusher": {"name": "sam", "email": "sam@example.org"},
    "sender": {"login": "sam", "id": 21031067},
}
# docs.gitlab.com/user/project/integrations/webhook_events/#deployment-events
GITLAB_DEPLOYMENT = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-05-02 13:58:00 +0200",
    "deployment_id": 15,
    "deployable_id": 796,
    "deployable_url": "https://gitlab.example.org/acme/shop/-/jobs/796",
    "environment": "production",
    "environment_tier": "production",
    "project": {
        "id": 30,
        "name": "shop",
        "web_url": "https://gitlab.example.org/acme/shop",
        "path_with_namespace": "acme/shop",
        "default_branch": "main",
    },
    "short_sha": "279484c0",
    "user": {"id": 1, "name": "Sam", "username": "sam"},
    "commit_title": "Drop the index on orders",
    "ref": "main",
}
# launchdarkly.com/docs/api/webhooks and .../audit-log/get-audit-log-entry
LAUNCHDARKLY = {
    "_links": {"site": {"href": "/shop/production/features/new-checkout", "type": "text/html"}},
    "_id": "57c0a8e29969090743529965",
    "date": 1777723140000,
    "accesses": [
        {"action": "updateOn", "resource": "proj/shop:env/production:flag/new-checkout;checkout"}
    ],
    "kind": "flag",
    "name": "New checkout",
    "description": "* Turned on",
    "shortDescription": "",
    "titleVerb": "turned on the flag",
    "member": {"email": "sam@example.org", "firstName": "Sam", "lastName": "B"},
}
# docs.flagsmith.com/advanced-use/system-webhooks, read by the expressions of the format's EXAMPLE
FLAGS = {
    "event_type": "FLAG_UPDATED",
    "data": {
        "changed_by": "sam@example.org",
        "timestamp": "2026-05-02T11:59:00.000000Z",
        "new_state": {
            "enabled": True,
            "environment": {"name": "Production"},
            "feature": {"name": "new_checkout"},
        },
    },
}
# docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
ALARM = {
    "AlarmName": "api-5xx",
    "AlarmDescription": "Too many 5xx",
    "AWSAccountId": "123456789012",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 1 datapoint (12.0) was greater than 5.0.",
    "StateChangeTime": "2026-05-02T11:59:00.000+0000",
    "Region": "EU (Ireland)",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:api-5xx",
    "OldStateValue": "OK",
    "Trigger": {
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Namespace": "AWS/ApplicationELB",
        "Dimensions": [{"value": "app/api/50dc6c495c0c9188", "name": "LoadBalancer"}],
        "Period": 60,
    },
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"


@cache
def _amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return key, certificate.public_bytes(serialization.Encoding.PEM)


def certificate() -> bytes:
    """What Amazon would serve at `CERTIFICATE_URL`."""
    return _amazon()[1]


# docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
def sns(*, version: str = "2", at: datetime = NOW, **changes: str) -> bytes:
    """A message of SNS, signed as AWS documents it."""
    fields = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "api-5xx" in EU (Ireland)',
        "Message": json.dumps(ALARM),
        "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **changes,
    }
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if fields["Type"] != "Notification":
        del fields["Subject"]
        names = [
            "Message",
            "MessageId",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ]
    signed = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
    signature = _amazon()[0].sign(signed.encode(), padding.PKCS1v15(), algorithm)
    return _json(
        {
            **fields,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": CERTIFICATE_URL,
            "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        }
    )


def _letter(subject: str) -> Headers:
    return lambda _body: {
        "subject": subject,
        "from": "Nagios <nagios@example.org>",
        "message-id": "<1@example.org>",
    }


@cache
def samples() -> dict[str, Sample]:
    """Give one sample for each format; a new format needs one here."""
    key, secret = {"key": SECRET}, {"secret": SECRET}
    genie = {"authorization": "GenieKey samplekeyhere", "content-type": "application/json"}
    return {
        "alertmanager": Sample(
            settings=key,
            headers=_bearer,
            body=_json(ALERTMANAGER),
            counts={"raised": 1, "cleared": 1},
            forged="authorization",
        ),
        "grafana": Sample(
            settings=key,
            headers=_bearer,
            body=_json(GRAFANA),
            counts={"raised": 1},
            forged="authorization",
        ),
        "pagerduty": Sample(
            settings={}, body=_json(PAGERDUTY), path="/v2/enqueue", counts={"raised": 1}
        ),
        "opsgenie": Sample(
            settings={},
            headers=lambda _body: genie,
            body=_json(OPSGENIE),
            path="/v2/alerts",
            counts={"raised": 1, "notes": 1},
        ),
        "generic": Sample(
            settings={
                "each": "checks",
                "alert_key": "host",
                "summary": "join(' ', [host, problem])",
                "state": "state",
                "severity": "level",
                "signature": SECRET,
            },
            headers=_signed("x-signature"),
            body=_json(GENERIC),
            counts={"raised": 1},
            forged="x-signature",
        ),
        "datadog": Sample(
            settings=key,
            headers=_bearer,
            body=_json(DATADOG),
            counts={"raised": 1},
            forged="authorization",
        ),
        "sentry": Sample(
            settings=secret,
            headers=_signed(
                "sentry-hook-signature",
                **{"sentry-hook-resource": "event_alert", "request-id": "5e0c"},
            ),
            body=_json(SENTRY),
            counts={"raised": 1},
            forged="sentry-hook-signature",
        ),
        "uptimerobot": Sample(
            settings=key,
            headers=_bearer,
            body=_json(UPTIMEROBOT),
            counts={"raised": 1},
            forged="authorization",
        ),
        "pingdom": Sample(
            settings=key,
            headers=_bearer,
            body=_json(PINGDOM),
            counts={"raised": 1},
            forged="authorization",
        ),
        "github": Sample(
            settings=secret,
            headers=_signed(
                "x-hub-signature-256",
                "sha256=",
                **{"x-github-event": "push", "x-github-delivery": "72d3162e"},
            ),
            body=_json(GITHUB_PUSH),
            counts={"changes": 1},
            forged="x-hub-signature-256",
        ),
        "gitlab": Sample(
            settings={"token": SECRET},
            headers=lambda _body: {
                "x-gitlab-token": SECRET,
                "x-gitlab-event": "Deployment Hook",
                "x-gitlab-event-uuid": "13792a34",
            },
            body=_json(GITLAB_DEPLOYMENT),
            counts={"changes": 1},
            forged="x-gitlab-token",
        ),
        "launchdarkly": Sample(
            settings={**secret, "environments": ["production"]},
            headers=_signed("x-ld-signature"),
            body=_json(LAUNCHDARKLY),
            counts={"changes": 1},
            forged="x-ld-signature",
        ),
        "flags": Sample(
            settings={**INTAKE.get("flags").EXAMPLE, "bearer": SECRET},
            headers=_bearer,
            body=_json(FLAGS),
            counts={"changes": 1},
            forged="authorization",
        ),
        "sns": Sample(
            settings={"topic": TOPIC}, body=sns(), counts={"raised": 1}, fetched=certificate()
        ),
        "report": Sample(
            settings={"bearer": SECRET},
            headers=_bearer,
            body=_json({"text": "The map stays white.", "service": "api", "by": "Mia", "id": 7}),
            counts={"reports": 1},
            forged="authorization",
        ),
        "email": Sample(
            settings={"listen": "127.0.0.1:2525"},
            headers=_letter("** PROBLEM Host: db-1 is DOWN **"),
            body=b"CRITICAL - 127.0.0.1: Host Unreachable\n",
            counts={"raised": 1},
            by_mail=True,
        ),
    }
