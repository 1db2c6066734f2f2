"""Puts the ways out together for one catalogue."""

import ssl

from relight.catalog.catalog import Catalog
from relight.egress.dialer import GuardedDialer
from relight.egress.dns import NameServers
from relight.egress.http import GuardedHttp
from relight.egress.mailer import SmtpMailer
from relight.egress.ping import IcmpPinger
from relight.egress.policy import Egress
from relight.egress.process import ProcessRunner
from relight.egress.resolver import SystemResolver
from relight.kernel.clock import Clock
from relight.kernel.ports import Ports
from relight.kernel.secret import Secret


def open_ports(
    catalog: Catalog,
    clock: Clock,
    *,
    mail_password: Secret | None = None,
    egress: Egress = Egress.OWNER,
    tls: ssl.SSLContext | None = None,
) -> Ports:
    """Build what plug-ins are handed. Nothing is opened before it is used.

    Mail goes to the owner's own server under `Egress.OWNER`, whoever the recipient is.
    """
    resolver = SystemResolver(egress)
    return Ports(
        http=GuardedHttp(egress, resolver, clock),
        resolver=resolver,
        dialer=GuardedDialer(egress, resolver, clock),
        dns=NameServers(egress, resolver, clock),
        pinger=IcmpPinger(egress, resolver, clock),
        runner=ProcessRunner(clock),
        mailer=SmtpMailer(
            catalog.mail, mail_password, SystemResolver(Egress.OWNER), clock, tls=tls
        ),
        clock=clock,
    )
