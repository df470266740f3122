"""Who is asked what, who answers, and why nobody can."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from backend.fleet.cluster import Cluster
from backend.kube.errors import (
    DeadlineExceeded,
    Forbidden,
    ImpersonationForbidden,
    KubeError,
    NotFound,
    ServerFailed,
    TooManyRequests,
    Unauthorized,
)
from backend.kube.wire import Reply
from backend.observe.metrics.asking import MOST_KUBELETS, Asking
from backend.observe.metrics.known import Known, Source, Use
from backend.observe.metrics.wire import GROUP
from tests.fleet.samples import member
from tests.observe.metrics.samples import (
    MI,
    MOMENT,
    listed,
    node_metrics,
    pod_metrics,
    summary,
    summary_pod,
)

NODES = "/api/v1/nodes"


class ClientDouble:
    """Answers from a script by path; what is an exception is raised."""

    def __init__(self, answers: dict[str, Any], *, skew: float = 0.0) -> None:
        self.answers = answers
        self.clock_skew = skew
        self.asked: list[str] = []

    async def request(self, method: str, path: str, **options: Any) -> Reply:
        assert method == "GET"
        assert options["background"], "rows come first"
        self.asked.append(path)
        answer = self.answers.get(path, NotFound("eu", "not found", code=404))
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return Reply(status=200, headers={}, body=answer)


def summary_of(node: str, *pods: Any, **more: Any) -> tuple[str, bytes]:
    return f"{NODES}/{node}/proxy/stats/summary", json.dumps(summary(node, *pods, **more)).encode()


def nodes_listed(*names: str) -> dict[str, bytes]:
    return {NODES: json.dumps({"items": [{"metadata": {"name": name}} for name in names]}).encode()}


def asking(answers: dict[str, Any], *, now: float = MOMENT + 5, skew: float = 0.0, **more: Any) -> Any:
    client: Any = ClientDouble(answers, skew=skew)
    cluster = Cluster(member("eu", **more), connect=lambda _: client)
    assert cluster.client is client
    return Asking(cluster, Known(), wall=lambda: now), client


def forbidden() -> KubeError:
    return Forbidden("eu", "reading pods.metrics.k8s.io is forbidden", code=403)


async def test_one_request_tells_of_all_pods() -> None:
    metrics = listed(
        "PodMetricsList", pod_metrics("api"), pod_metrics("db", app=("1", "1Gi"), x=("1", "1Gi"))
    )
    ask, client = asking({f"{GROUP}/pods": metrics})
    await ask.pods()
    assert client.asked == [f"{GROUP}/pods"]
    assert ask.known.pod("pay", "api") == Use(MOMENT, 0.012, 96 * MI)
    assert ask.known.containers("pay", "api") == ()
    assert [one.name for one in ask.known.containers("pay", "db")] == ["app", "x"]
    told = ask.known.told_pods
    assert (told.source, told.newest, told.window, told.received, told.why) == (
        Source.SERVER,
        MOMENT,
        15.2,
        MOMENT + 5,
        "",
    )
    assert "not measured yet" in ask.known.why_no_pod("pay", "new")


async def test_a_namesake_before_it_is_somebody_else() -> None:
    ask, _ = asking({f"{GROUP}/pods": listed("PodMetricsList", pod_metrics("web-0"))})
    await ask.pods()
    assert ask.known.pod("pay", "web-0", born=MOMENT - 1) is not None
    assert ask.known.pod("pay", "web-0", born=MOMENT + 1) is None
    assert ask.known.pod_points("pay", "web-0", born=MOMENT + 1) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (forbidden, "forbidden"),
        (lambda: ServerFailed("eu", "the server is unavailable", code=503), "does not answer"),
        (lambda: TooManyRequests("eu", "too many requests", code=429), "does not answer"),
        (lambda: DeadlineExceeded("eu", "no answer within 30 s"), "no answer"),
        (lambda: Unauthorized("eu", "the credential is refused", code=401), "credential"),
        (lambda: ImpersonationForbidden("eu", "impersonating is forbidden", code=403), "impersonating"),
        (lambda: b"<html>", "can't be read"),
    ],
)
async def test_why_there_is_nothing_is_said_and_what_was_known_stays(
    error: Callable[[], Any], said: str
) -> None:
    answers: dict[str, Any] = {f"{GROUP}/pods": listed("PodMetricsList", pod_metrics("api"))}
    ask, _ = asking(answers)
    await ask.pods()
    answers[f"{GROUP}/pods"] = error
    await ask.pods()
    assert said in ask.known.told_pods.why
    assert said in ask.known.why_no_pod("pay", "other")
    assert ask.known.pod("pay", "api") is not None, "with its age"


async def test_where_all_at_once_is_forbidden_known_namespaces_are_asked() -> None:
    answers: dict[str, Any] = {
        f"{GROUP}/pods": forbidden,
        f"{GROUP}/namespaces/pay/pods": listed("PodMetricsList", pod_metrics("api")),
        f"{GROUP}/namespaces/cart/pods": forbidden,
    }
    ask, _ = asking(answers, namespaces=("pay", "cart"))
    await ask.pods()
    assert ask.known.pod("pay", "api") is not None
    assert not ask.known.told_pods.why
    answers[f"{GROUP}/namespaces/pay/pods"] = forbidden
    await ask.pods()
    assert "forbidden" in ask.known.told_pods.why


async def test_namespaces_that_are_looked_at_are_asked_alone() -> None:
    ask, client = asking({f"{GROUP}/namespaces/pay/pods": listed("PodMetricsList", pod_metrics("api"))})
    await ask.pods(["pay"])
    assert client.asked == [f"{GROUP}/namespaces/pay/pods"]


async def test_without_a_metrics_server_the_kubelets_are_asked() -> None:
    answers = nodes_listed("n1", "n2") | dict(
        [summary_of("n1", summary_pod("api")), summary_of("n2", summary_pod("db"))]
    )
    ask, _ = asking(answers)
    await ask.pods()
    assert ask.known.told_pods.source is Source.KUBELET
    use = ask.known.pod("pay", "api", node="n1")
    assert use is not None
    assert use.cpu == pytest.approx(0.012)
    await ask.nodes()
    assert ask.known.node("n2") == Use(MOMENT, 1.5, 3 * 2.0**30)


async def test_a_kubelet_speaks_for_pods_of_its_own_only() -> None:
    liar = [summary_pod("api", nanocores=9e9), summary_pod("elsewhere"), summary_pod("late", nanocores=9e9)]
    answers = nodes_listed("n2", "n1") | dict(
        [
            summary_of("n1", summary_pod("api"), summary_pod("db"), summary_pod("late")),
            summary_of("n2", *liar),
        ]
    )
    ask, _ = asking(answers)
    await ask.pods()
    assert ask.known.pod("pay", "api", node="n1") is None, "two speak for it: who lies can't be told"
    assert ask.known.pod("pay", "late", node="n1") is None
    assert ask.known.told_pods.odd == 4
    assert ask.known.pod("pay", "db", node="n1") is not None
    assert ask.known.pod("pay", "elsewhere", node="n1") is None, "it runs on n1, and n2 speaks for it"


async def test_why_neither_can_say_it() -> None:
    ask, _ = asking({})
    await ask.pods()
    assert "no metrics server is installed" in ask.known.told_pods.why
    ask, _ = asking({NODES: forbidden})
    await ask.pods()
    assert "nodes can't be listed" in ask.known.told_pods.why
    refused = Forbidden("eu", "get nodes/proxy is forbidden", code=403)
    ask, _ = asking(nodes_listed("n1") | {f"{NODES}/n1/proxy/stats/summary": refused})
    await ask.nodes()
    assert "get nodes/proxy is forbidden" in ask.known.told_nodes.why
    assert ask.known.node("n1") is None
    ask, client = asking(nodes_listed(*(f"n{n}" for n in range(MOST_KUBELETS + 1))))
    await ask.pods()
    assert "too many" in ask.known.told_pods.why
    assert len(client.asked) == 2


async def test_a_kubelet_that_is_silent_keeps_nobody_from_answering() -> None:
    dead = {f"{NODES}/n2/proxy/stats/summary": ServerFailed("eu", "dial timeout", code=503)}
    ask, _ = asking(nodes_listed("n1", "n2") | dict([summary_of("n1", summary_pod("api"))]) | dead)
    await ask.pods()
    assert ask.known.pod("pay", "api", node="n1") is not None
    assert ask.known.no_summary == {"n2": "dial timeout"}


async def test_measurements_from_the_future_are_left_out_and_skewed_clocks_are_not_the_future() -> None:
    late = listed("PodMetricsList", pod_metrics("api", at=MOMENT + 3600), pod_metrics("db"))
    ask, _ = asking({f"{GROUP}/pods": late})
    await ask.pods()
    assert ask.known.pod("pay", "api") is None
    assert ask.known.told_pods.odd == 1
    ask, _ = asking({f"{GROUP}/pods": late}, skew=3600.0)  # the whole cluster's clock is ahead
    await ask.pods()
    assert ask.known.pod("pay", "api") is not None


async def test_what_the_background_heard_is_taken_in_too() -> None:
    ask, client = asking({})
    await ask.take_nodes(listed("NodeMetricsList", node_metrics("n1")))
    await ask.take_nodes(b"<html>")
    assert ask.known.node("n1") == Use(MOMENT, 2.0, 4 * 2.0**30)
    assert client.asked == []
