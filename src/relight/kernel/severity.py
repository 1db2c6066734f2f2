"""How bad an incident is, in four steps."""

from enum import StrEnum


class Severity(StrEnum):
    """S1 is the worst. The meaning of each step is data: see `catalog.severity_matrix`."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"

    @property
    def rank(self) -> int:
        """Order by urgency: 1 for S1 to 4 for S4."""
        return int(self.value[1])

    def worse_than(self, other: "Severity") -> bool:
        """Whether this one is more urgent than the other."""
        return self.rank < other.rank


def worst(*severities: Severity) -> Severity:
    """Pick the most urgent of at least one severity."""
    return min(severities, key=lambda severity: severity.rank)
