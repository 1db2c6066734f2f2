"""Looks at this machine: processor, memory, disks, network, what the kernel ended, failed units."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

_NOT_DISKS = frozenset({"squashfs", "iso9660", "overlay", "tmpfs", "devtmpfs"})
_UNITS_EVERY_S = 60.0
_SYSTEMCTL_S = 10


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of this machine, named as OpenTelemetry names it; `grows` marks a counter."""

    name: str
    value: float
    unit: str = "1"
    grows: bool = False
    labels: tuple[tuple[str, str], ...] = ()


class Machine:
    """This machine between two looks. `lacking` says in words what cannot be seen here."""

    def __init__(self, units: tuple[str, ...] = ()) -> None:
        """Begin; `units` are those whose state is told also while it is good."""
        self._wanted = units
        self._failed: dict[str, float] = dict.fromkeys(units, 0.0)
        self._units_at_s = -_UNITS_EVERY_S
        self.lacking: list[str] = []
        if not Path("/run/systemd/system").exists() or not shutil.which("systemctl"):
            self.lacking.append("systemd does not run here, so no units are watched.")
        if _oom_kills() is None:
            self.lacking.append("This kernel does not count what it ends for lack of memory.")
        psutil.cpu_percent()

    def look(self, now_s: float) -> list[Figure]:
        """Give every figure; `now_s` is a clock that only goes forward."""
        return [
            *self._processor(),
            *_memory(),
            *_disks(),
            *_network(),
            *self._units(now_s),
        ]

    def _processor(self) -> Iterator[Figure]:
        yield Figure(name="system.cpu.utilization", value=psutil.cpu_percent() / 100)
        yield Figure(name="system.cpu.load_average.1m", unit="{thread}", value=os.getloadavg()[0])
        yield Figure(
            name="system.cpu.logical.count", unit="{cpu}", value=float(os.cpu_count() or 1)
        )

    def _units(self, now_s: float) -> Iterator[Figure]:
        if now_s - self._units_at_s >= _UNITS_EVERY_S:
            self._units_at_s = now_s
            failed = _failed_units()
            if failed is not None:
                # One that failed before is told as well again, or its alert would never end.
                known = {*self._failed, *self._wanted, *failed}
                self._failed = {unit: float(unit in failed) for unit in known}
        for unit, value in sorted(self._failed.items()):
            yield Figure(name="systemd.unit.failed", unit="", value=value, labels=(("unit", unit),))


def _memory() -> Iterator[Figure]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    used = 1 - memory.available / memory.total if memory.total else 0.0
    yield Figure(name="system.memory.utilization", value=used)
    yield Figure(name="system.memory.limit", unit="By", value=float(memory.total))
    if swap.total:
        yield Figure(name="system.paging.utilization", value=swap.used / swap.total)
    ended = _oom_kills()
    if ended is not None:
        yield Figure(name="system.memory.oom_kills", unit="", grows=True, value=float(ended))


def _oom_kills() -> int | None:
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(each.split()[1]) for each in lines if each.startswith("oom_kill ")), None)


def _disks() -> Iterator[Figure]:
    mounts = {
        each.mountpoint: each.device
        for each in psutil.disk_partitions(all=False)
        if each.fstype not in _NOT_DISKS and "ro" not in each.opts.split(",")
    }
    seen: set[str] = set()
    for mount, device in sorted({"/": mounts.get("/", "root"), **mounts}.items()):
        if device in seen or not Path(mount).is_dir():
            continue  # bound to a second place, or one file of it, as in a container
        seen.add(device)
        try:
            usage = psutil.disk_usage(mount)
        except OSError:
            continue  # gone since, or not ours to see
        room = usage.used + usage.free
        if room:
            yield Figure(
                name="system.filesystem.utilization",
                value=usage.used / room,
                labels=(("device", device), ("mountpoint", mount)),
            )


def _network() -> Iterator[Figure]:
    for device, counted in sorted(psutil.net_io_counters(pernic=True).items()):
        if device == "lo" or not (counted.bytes_recv or counted.bytes_sent):
            continue
        for direction, value in (
            ("receive", counted.bytes_recv),
            ("transmit", counted.bytes_sent),
        ):
            yield Figure(
                name="system.network.io",
                unit="By",
                grows=True,
                value=float(value),
                labels=(("device", device), ("direction", direction)),
            )
        yield Figure(
            name="system.network.errors",
            unit="",
            grows=True,
            value=float(counted.errin + counted.errout),
            labels=(("device", device),),
        )


def _failed_units() -> set[str] | None:
    """Name the failed services; None where systemd does not run or does not answer."""
    if not Path("/run/systemd/system").exists():
        return None
    listing = ("--type=service", "--state=failed", "--plain", "--no-legend", "--no-pager")
    try:
        done = subprocess.run(
            ["systemctl", "list-units", *listing],
            capture_output=True,
            text=True,
            timeout=_SYSTEMCTL_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
