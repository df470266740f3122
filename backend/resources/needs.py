"""What a pod asks for and what it may use at most: the amounts that the scheduler and the kernel go by.

Source: PodRequests and PodLimits of k8s.io/component-helpers/resource. Init containers run before the others,
one after the other, so they count as a maximum; sidecars (init containers that restart always) run beside
them and are added; the runtime's overhead comes on top; amounts said of the whole pod replace those of its
parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from backend.resources.quantity import parse_quantity

_Wire = msgspec.Struct
_MOST_SHAPES = 4096
"""Different sets of containers that are remembered: replicas share theirs."""


class WireAmounts(_Wire, frozen=True, gc=False):
    cpu: str | int | float | None = None
    memory: str | int | float | None = None


class WireResources(_Wire, frozen=True, gc=False):
    requests: WireAmounts | None = None
    limits: WireAmounts | None = None


class Container(_Wire, frozen=True, gc=False):
    name: str = ""
    resources: WireResources | None = None


class InitContainer(_Wire, frozen=True, gc=False, rename="camel"):
    name: str = ""
    restart_policy: str | None = None
    resources: WireResources | None = None


class Amounts(msgspec.Struct, frozen=True, gc=False):
    """CPU in cores, memory in bytes; None: not said."""

    cpu: float | None = None
    memory: float | None = None


NOTHING = Amounts()


class ContainerNeeds(msgspec.Struct, frozen=True, gc=False):
    """Of one container that runs as long as its pod does."""

    name: str
    requests: Amounts
    limits: Amounts


class Needs(msgspec.Struct, frozen=True, gc=False):
    """Of one pod. ``requests`` is what the scheduler keeps free for it."""

    requests: Amounts = NOTHING
    limits: Amounts = NOTHING
    """The sum of those that are said; a bound only where ``cpu_bound`` and ``memory_bound`` say so."""
    cpu_bound: bool = False
    """Whether everything that runs in it has a limit."""
    memory_bound: bool = False
    containers: tuple[ContainerNeeds, ...] = ()
    """The containers and sidecars."""


NO_NEEDS = Needs()


@lru_cache(maxsize=_MOST_SHAPES)
def needs_of(
    containers: tuple[Container, ...],
    init_containers: tuple[InitContainer, ...],
    overhead: WireAmounts | None,
    whole: WireResources | None,
) -> Needs:
    """The effective amounts of a pod with these parts; an amount that can't be read counts as not said."""
    running = [_container(one) for one in containers]
    said = whole or WireResources()
    pod_limits, extra = _amounts(said.limits), _amounts(overhead)
    requests = _replaced(_effective(running, init_containers, "requests"), _amounts(said.requests))
    limits = _replaced(_effective(running, init_containers, "limits"), pod_limits)
    running += [_container(one) for one in init_containers if one.restart_policy == "Always"]
    return Needs(
        requests=_plus(requests, extra),
        limits=Amounts(
            None if limits.cpu is None else limits.cpu + (extra.cpu or 0.0),
            None if limits.memory is None else limits.memory + (extra.memory or 0.0),
        ),
        cpu_bound=pod_limits.cpu is not None or _all(one.limits.cpu for one in running),
        memory_bound=pod_limits.memory is not None or _all(one.limits.memory for one in running),
        containers=tuple(running),
    )


def _container(one: Container | InitContainer) -> ContainerNeeds:
    said = one.resources or WireResources()
    return ContainerNeeds(one.name, _amounts(said.requests), _amounts(said.limits))


def _effective(
    running: Iterable[ContainerNeeds], init_containers: Iterable[InitContainer], what: str
) -> Amounts:
    """The larger of what runs in the end and of the hungriest moment while it is initialised."""
    total, beside, peak = NOTHING, NOTHING, NOTHING
    for one in running:
        total = _plus(total, getattr(one, what))
    for init in init_containers:
        amounts = _amounts(getattr(init.resources or WireResources(), what))
        if init.restart_policy == "Always":
            beside = _plus(beside, amounts)
            peak = _larger(peak, beside)
        else:
            peak = _larger(peak, _plus(amounts, beside))
    return _larger(_plus(total, beside), peak)


def _amounts(wire: WireAmounts | None) -> Amounts:
    return NOTHING if wire is None else Amounts(amount(wire.cpu), amount(wire.memory))


def amount(quantity: str | int | float | None) -> float | None:
    """A quantity as a number; None for none, for one that can't be read and for a negative one."""
    if quantity is None:
        return None
    try:
        number = float(parse_quantity(quantity)) if isinstance(quantity, str) else float(quantity)
    except (ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def _plus(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(_sum(one.cpu, other.cpu), _sum(one.memory, other.memory))


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else one + other


def _larger(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(_most(one.cpu, other.cpu), _most(one.memory, other.memory))


def _most(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else max(one, other)


def _replaced(one: Amounts, said: Amounts) -> Amounts:
    return Amounts(
        one.cpu if said.cpu is None else said.cpu, one.memory if said.memory is None else said.memory
    )


def _all(amounts: Iterable[float | None]) -> bool:
    found = list(amounts)
    return bool(found) and all(one is not None for one in found)
