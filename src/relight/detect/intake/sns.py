"""Amazon CloudWatch alarms through SNS."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from relight.detect.handed import Handed, NotGenuine, NotReadable, Raised, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import (
    bounded,
    cut,
    details,
    key_of,
    left_over,
    links,
    moment,
    read_object,
    typed,
)
from relight.kernel.severity import Severity

_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?\Z")
_TOO_OLD_S = 3600
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)


class WireMessage(msgspec.Struct, frozen=True, rename="pascal"):
    """What SNS posts, of either type."""

    type: str = ""
    message_id: str = ""
    topic_arn: str = ""
    subject: str | None = None
    message: str = ""
    timestamp: str = ""
    signature_version: str = "1"
    signature: str = ""
    signing_cert_url: str = msgspec.field(default="", name="SigningCertURL")
    subscribe_url: str = msgspec.field(default="", name="SubscribeURL")
    token: str = ""


class WireAlarm(msgspec.Struct, frozen=True, rename="pascal"):
    """A CloudWatch alarm that changed its state."""

    alarm_name: str = ""
    alarm_description: str | None = None
    alarm_arn: str = ""
    new_state_value: str = ""
    new_state_reason: str = ""
    old_state_value: str = ""
    state_change_time: str = ""
    region: str = ""
    trigger: dict[str, object] = {}


class SnsFormat(Format, frozen=True, kw_only=True):
    """Take CloudWatch alarms, or any message, of an Amazon SNS topic.

    Subscribe this source's address to the `topic`; the subscription is confirmed by itself, and
    messages of other topics are refused. The signature (version 1 and 2) is checked against the
    certificate that Amazon serves at an `sns.REGION.amazonaws.com` address, and what is older than
    an hour is not taken. An alarm in ALARM opens its alert, OK clears it; INSUFFICIENT_DATA opens
    it where `missing_data` is on. Another message opens one by its subject. Labels are the
    alarm's dimensions and `alarm`.
    """

    topic: str
    missing_data: bool = False

    EXAMPLE: ClassVar[dict[str, Any]] = {"topic": "arn:aws:sns:eu-west-1:123456789012:alarms"}
    LARGEST: ClassVar[int] = 512 * 1024
    SEVERITIES: ClassVar[Mapping[str, Severity]] = {"insufficient_data": Severity.S3}

    def needs(self, handed: Handed) -> str:
        """Name the certificate's address, where it is Amazon's."""
        message = typed(read_object(handed.body), WireMessage)
        if message.topic_arn != self.topic:
            msg = "The topic is another."
            raise NotGenuine(msg)
        url = message.signing_cert_url
        if not self.may_visit(url):
            msg = "The certificate is not at an address of Amazon SNS."
            raise NotGenuine(msg)
        return url

    def may_visit(self, url: str) -> bool:
        """Whether an address is one of Amazon SNS."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        plain = not (parts.username or parts.password) and port in {None, 443}
        return parts.scheme == "https" and plain and bool(_HOST.fullmatch(host))

    def read(self, handed: Handed) -> Received:
        """Read a message whose signature is right."""
        raw = read_object(handed.body)
        message = typed(raw, WireMessage)
        if not handed.trial:
            _check_signature(raw, message, handed.fetched)
        if message.topic_arn != self.topic:
            msg = "The topic is another."
            raise NotGenuine(msg)
        at = moment(message.timestamp)
        if not handed.trial and (at is None or abs((handed.now - at).total_seconds()) > _TOO_OLD_S):
            msg = "The message is too old."
            raise NotGenuine(msg)
        if message.type == "SubscriptionConfirmation":
            if not self.may_visit(message.subscribe_url):
                msg = "The subscription is not at an address of Amazon SNS."
                raise NotGenuine(msg)
            return Received(delivery=message.message_id, visit=message.subscribe_url)
        if message.type != "Notification":
            return Received(delivery=message.message_id)
        return self._notification(message)

    def _notification(self, message: WireMessage) -> Received:
        try:
            said = read_object(message.message.encode("utf-8", "replace"))
        except NotReadable:
            said = {}
        alarm = typed(said, WireAlarm) if "AlarmName" in said else WireAlarm()
        if not alarm.alarm_name:
            title = message.subject or message.message.partition("\n")[0]
            raised = Raised(
                key=key_of(cut(title, 300)),
                title=cut(title, 200),
                summary=cut(title, 1000),
                reason=cut(message.message, 4000),
                details=bounded((("topic", message.topic_arn), *details(said))),
                said_at=moment(message.timestamp),
            )
            return Received(raised=(raised,), delivery=message.message_id)
        key = key_of(alarm.alarm_arn or alarm.alarm_name)
        state = alarm.new_state_value
        if state == "OK":
            return Received(cleared=(key,), delivery=message.message_id)
        if state != "ALARM" and not self.missing_data:
            return Received(delivery=message.message_id)
        raised = _alarm(key, alarm, left_over(said, WireAlarm))
        return Received(raised=(raised,), delivery=message.message_id)


def _alarm(key: str, alarm: WireAlarm, rest: tuple[tuple[str, str], ...]) -> Raised:
    found = alarm.trigger.get("Dimensions")
    pairs: list[tuple[str, str]] = []
    for each in found if isinstance(found, list) else []:  # pyright: ignore[reportUnknownVariableType]
        if isinstance(each, dict):
            lower = {str(name).lower(): str(value) for name, value in each.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            pairs.append((lower.get("name", ""), lower.get("value", "")))
    region = alarm.alarm_arn.split(":")[3] if alarm.alarm_arn.count(":") > 3 else ""
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home#alarmsV2:" if region else ""
    return Raised(
        key=key,
        title=cut(alarm.alarm_name, 200),
        summary=cut(f"{alarm.alarm_name}: {alarm.new_state_reason}", 1000),
        reason=cut(alarm.alarm_description or alarm.new_state_reason, 4000),
        word=alarm.new_state_value.lower(),
        labels={**dict(pairs), "alarm": alarm.alarm_name},
        details=bounded((("region", alarm.region), *details(alarm.trigger), *rest)),
        links=links([("CloudWatch", console)]),
        said_at=moment(re.sub(r"([+-]\d\d)(\d\d)\Z", r"\1:\2", alarm.state_change_time)),
    )


def _check_signature(raw: Mapping[str, object], message: WireMessage, pem: bytes) -> None:
    """Check as AWS documents it: the named fields, each a line of its name and one of its value."""
    names = _NOTIFICATION if message.type == "Notification" else _CONFIRMATION
    signed = "".join(
        f"{name}\n{value}\n" for name in names if isinstance(value := raw.get(name), str)
    )
    versions = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - what version 1 is
    algorithm = versions.get(message.signature_version)
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
        given = base64.b64decode(message.signature, validate=True)
        if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
            raise NotGenuine
        key.verify(given, signed.encode(), padding.PKCS1v15(), algorithm)
    except (ValueError, binascii.Error, InvalidSignature):
        raise NotGenuine from None


PLUGIN: type[Format] = SnsFormat
