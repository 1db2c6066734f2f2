"""When pages that report failures raise an alert, and when they do not."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from relight.catalog.service import Service
from relight.detect.edge.judge import Judgement, Shares, Trouble, View, judge, key_of, usual_shares
from relight.detect.edge.sums import Bucket
from relight.detect.edge.tally import Counts
from relight.detect.edge.window import reach, window
from relight.kernel.severity import Severity

NOW = datetime(2026, 5, 4, 2, 3, 9, tzinfo=UTC)
WIDGET = Service(name="widget", title="Widget")
USUAL = Shares(failed=0.002, slow=0.03, errors=0.01, api_failed=0.0)


def bucket(age: int, site: str = "acme", **counts: int) -> Bucket:
    """Ten seconds, `age` buckets back."""
    at = NOW.replace(second=0) - timedelta(seconds=10 * age)
    visitors = counts.pop("visitors", counts.get("failed", 0))
    return Bucket(at, Counts(service="widget", site=site, visitors=visitors, **counts))


def judged(
    *buckets: Bucket, usual: Shares | None = USUAL, open_keys: frozenset[str] = frozenset()
) -> Judgement:
    return judge(View(service=WIDGET, now=NOW, buckets=buckets, usual=usual, open_keys=open_keys))


def keys(found: Judgement) -> list[str]:
    return [each.key for each in found.raised]


def quiet_minutes(site: str = "acme", loads: int = 10) -> list[Bucket]:
    return [bucket(age, site, loads=loads) for age in range(1, 30)]


def test_all_is_well():
    assert judged(*quiet_minutes()) == Judgement((), ())


def test_nobody_reports():
    assert judged() == Judgement((), ())


def test_five_loads_that_all_fail_are_enough():
    assert keys(judged(*quiet_minutes(), bucket(0, loads=5, failed=5))) == ["widget"]
    assert keys(judged(*quiet_minutes(), bucket(0, loads=4, failed=4))) == []


def test_it_fails_from_the_middle_of_a_bucket():
    """Seven good loads, then six that fail, across two buckets: the two together show it."""
    buckets = (*quiet_minutes()[1:], bucket(1, loads=10, failed=3), bucket(0, loads=3, failed=3))
    assert keys(judged(*buckets)) == ["widget"]


def test_the_reason_has_the_figures():
    said = judged(*quiet_minutes(), bucket(0, loads=8, failed=6)).raised[0]
    assert said.reason == ("75 % of loads (6 of 8 in 10 s) do not load; 0.2 % are usual.")
    assert said.severity is None
    assert said.title == ""


def test_one_visitor_who_reloads_is_no_outage():
    assert keys(judged(bucket(0, loads=9, failed=9, visitors=1))) == []


def test_where_many_fail_as_usual_nothing_is_said():
    often = Shares(failed=0.12, slow=0, errors=0, api_failed=0)
    buckets = [bucket(age, loads=100, failed=14) for age in range(30)]
    assert keys(judged(*buckets, usual=often)) == []
    assert keys(judged(*buckets, usual=USUAL)) == ["widget"]


def test_one_site_alone_is_told_apart():
    buckets = [
        *quiet_minutes("acme"),
        *quiet_minutes("bistro"),
        bucket(0, "acme", loads=10, failed=10),
        bucket(0, "bistro", loads=10),
    ]
    (said,) = judged(*buckets).raised
    assert said.key == "widget/site/acme"
    assert said.severity is Severity.S3
    assert said.site == "acme"
    assert said.reason.endswith("at acme; 1 of 2 sites fail.")


def test_all_sites_failing_is_one_alert():
    sites = [f"site{n}" for n in range(12)]
    buckets = [bucket(0, site, loads=6, failed=6) for site in sites]
    assert keys(judged(*buckets)) == ["widget"]


def test_a_service_on_one_site_has_nobody_to_compare_with():
    assert keys(judged(*quiet_minutes("-"), bucket(0, "-", loads=9, failed=9))) == ["widget"]


@pytest.mark.parametrize(
    ("field", "kind"), [("slow", "slow"), ("errors", "errors"), ("api_failed", "api")]
)
def test_the_other_shares_take_longer(field: str, kind: str):
    few, many = {field: 10}, {field: 8}
    briefly = [bucket(0, "acme", loads=10, **few)]
    assert keys(judged(*briefly)) == []
    long = [bucket(age, "acme", loads=10, **many) for age in range(6)]
    assert keys(judged(*long)) == [f"widget/{kind}"]


def test_it_clears_when_the_share_has_come_down():
    held = frozenset({"widget"})
    still = [bucket(age, loads=10, failed=2) for age in range(6)]
    assert judged(*still, open_keys=held) == Judgement((), ())
    over = [bucket(age, loads=10, failed=0) for age in range(6)]
    assert judged(*over, open_keys=held).cleared == ("widget",)


def test_silence_clears_nothing():
    assert judged(open_keys=frozenset({"widget", "widget/site/acme"})) == Judgement((), ())


def test_a_day_of_noise_raises_nothing():
    """One load in a hundred fails by chance, once a second, all day: 8640 buckets."""
    chance = random.Random(7)
    buckets: list[Bucket] = []
    for n in range(8640):
        failed = sum(chance.random() < 0.01 for _ in range(10))
        at = NOW.replace(second=0) + timedelta(seconds=10 * n)
        counts = Counts(service="widget", site="acme", loads=10, failed=failed, visitors=failed)
        buckets = [*buckets[-30:], Bucket(at, counts)]
        view = View(service=WIDGET, now=at + timedelta(seconds=9), buckets=buckets, usual=USUAL)
        assert judge(view).raised == ()


def test_what_is_usual_is_learnt_from_full_hours():
    hours = [Counts(service="widget", site="", loads=100, failed=2, slow=10)] * 30
    thin = [Counts(service="widget", site="", loads=3, failed=3)] * 100
    assert usual_shares([*hours, *thin]) == Shares(
        failed=0.02, slow=0.1, errors=0.0, api_failed=0.0
    )
    assert usual_shares(hours[:10]) is None


def test_keys_tell_kind_and_site():
    assert key_of("widget", Trouble.FAILING) == "widget"
    assert key_of("widget", Trouble.SLOW) == "widget/slow"
    assert key_of("widget", Trouble.FAILING, "acme") == "widget/site/acme"
    assert key_of("widget", Trouble.QUIET, "acme") == "widget/quiet/site/acme"


def test_the_window_for_the_verdict():
    buckets = [
        *quiet_minutes("bistro", 2),
        *(bucket(age, "acme", loads=2, failed=2) for age in range(6)),
    ]
    seen = window("widget", buckets, NOW, None)
    assert seen is not None
    assert (seen.loads, seen.failed, seen.sites) == (22, 12, 2)
    assert seen.failing_sites == ("acme",)
    assert seen.usual_loads is None
    found = reach(seen, {"acme", "bistro"})
    assert found is not None
    assert found.users_ratio == 12 / 22
    assert found.paying_customers == 1


def test_too_few_loads_tell_no_reach():
    assert reach(window("widget", [bucket(0, loads=3, failed=3)], NOW, None), {"acme"}) is None
    assert window("widget", [], NOW, None) is None
