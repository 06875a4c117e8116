"""Whose turn it is: turns, limits, pauses, and dead hosts whose cost does not depend on timing."""

import gc
import random
from collections import Counter

import pytest

from images.hosts import Hosts, Job
from images.targets import Web, web_target


def web(url: str) -> Web:
    target = web_target(url)
    assert isinstance(target, Web)
    return target


def jobs(host: str, count: int) -> list[Job]:
    return [Job(web(f"http://{host}/{n}")) for n in range(count)]


def test_hosts_take_turns_and_each_has_at_most_four_at_once() -> None:
    hosts = Hosts(jobs("a.test", 6) + jobs("b.test", 2), per_host=4)
    taken = []
    while job := hosts.take(0.0):
        taken.append(job.start.url.removeprefix("http://"))
    assert taken == ["a.test/0", "b.test/0", "a.test/1", "b.test/1", "a.test/2", "a.test/3"]


def test_a_pause_holds_back_everybody_at_the_host_and_nobody_else() -> None:
    hosts = Hosts(jobs("a.test", 3) + jobs("b.test", 2), per_host=1)
    first = hosts.take(0.0)
    assert first is not None
    hosts.again(first, 0.0, delay=0.5, pause=10.0)
    assert [job.start.host for job in (hosts.take(1.0),) if job] == ["b.test"]
    assert hosts.take(9.9) is None
    assert hosts.wait(9.0) == pytest.approx(1.0)
    later = hosts.take(10.1)
    assert later is not None
    assert later.start.host == "a.test"


def test_a_host_that_asks_for_hours_is_left_alone() -> None:
    hosts = Hosts(jobs("a.test", 5), per_host=2)
    first, second = hosts.take(0.0), hosts.take(0.0)
    assert first is not None
    assert second is not None
    hosts.give_up(first.at, 0.0)
    hosts.resolved(first, 0.0, answered=False)
    hosts.again(second, 0.0, delay=1.0)
    assert hosts.take(2.0) is None
    assert sorted(job.place for job in hosts.skipped()) == [1, 2, 3, 4]
    assert hosts.finished


def test_what_is_done_is_forgotten() -> None:
    """Memory is for what is left to do, on many hosts as on one, with retries and redirects between them."""
    hosts = Hosts([job for n in range(50) for job in jobs(f"h{n}.test", 1)] + jobs("a.test", 50), per_host=4)
    assert len(held()) == 100
    now = 0.0
    while not hosts.finished:
        now += 1.0
        job = hosts.take(now)
        if job is None:
            continue
        if job.attempt == 1 and job.place % 3 == 0:
            hosts.again(job, now, delay=2.0)
        elif job.at.host != "other.test" and job.place % 5 == 0:
            hosts.moved(job, web("http://other.test/"), now)
        else:
            hosts.resolved(job, now, answered=True)
    del job
    assert held() == []


def held() -> list[Job]:
    return [one for one in gc.get_objects() if isinstance(one, Job)]


def test_a_redirect_stands_in_the_line_of_its_new_host() -> None:
    hosts = Hosts(jobs("a.test", 2) + jobs("b.test", 1), per_host=1)
    first, other = hosts.take(0.0), hosts.take(0.0)
    assert first is not None
    assert other is not None
    hosts.moved(first, web("http://b.test/new"), 0.0)
    second = hosts.take(0.0)
    assert second is not None
    assert second.start.url == "http://a.test/1"
    assert hosts.take(0.0) is None  # b.test still has its one request
    hosts.resolved(other, 0.0, answered=True)
    assert hosts.take(0.0) is first


def play(fates: dict[str, list[bool]], seed: int, *, per_host: int) -> dict[str, str]:
    """Let hosts answer rows as `fates` say, in a random order of completion; return what became of each row."""
    rng = random.Random(seed)  # noqa: S311  (no secret)
    hosts = Hosts([job for host, rows in fates.items() for job in jobs(host, len(rows))], per_host=per_host)
    under_way: list[Job] = []
    outcomes: dict[str, str] = {}
    now = 0.0
    while not hosts.finished:
        now += 1.0
        while len(under_way) < 8 and (job := hosts.take(now)):
            under_way.append(job)
        outcomes |= {job.start.url: "skipped" for job in hosts.skipped()}
        if under_way:
            job = under_way.pop(rng.randrange(len(under_way)))
            answered = fates[job.start.host][job.place]
            outcomes[job.start.url] = "fine" if answered else "failed"
            hosts.resolved(job, now, answered=answered)
            outcomes |= {job.start.url: "skipped" for job in hosts.skipped()}
    return outcomes


@pytest.mark.parametrize("case", range(30))
def test_what_a_dead_host_costs_does_not_depend_on_the_order_of_answers(case: int) -> None:
    rng = random.Random(case)  # noqa: S311  (no secret)
    fates = {
        f"h{n}.test": [rng.random() < rng.choice((0.1, 0.4, 0.9)) for _ in range(rng.randrange(30))] for n in range(4)
    }
    played = [play(fates, seed, per_host=4) for seed in range(6)]
    assert all(outcome == played[0] for outcome in played)
    assert len(played[0]) == sum(map(len, fates.values()))


def test_five_failures_in_a_row_and_one_probe_are_what_a_dead_host_costs() -> None:
    outcomes = play({"dead.test": [False] * 40, "fine.test": [True] * 9}, 1, per_host=4)
    assert Counter(outcomes.values()) == {"failed": 6, "skipped": 34, "fine": 9}


def test_a_host_that_answers_its_probe_is_used_again() -> None:
    outcomes = play({"sleepy.test": [True] + [False] * 5 + [True] * 10}, 1, per_host=4)
    assert Counter(outcomes.values()) == {"fine": 11, "failed": 5}
