"""What the API server calls to answer: admission webhooks, aggregated APIs, conversion of custom kinds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Bond, Holder, Relation, TypedRef

_ADMISSION = "admissionregistration.k8s.io"
KINDS = (
    f"validatingwebhookconfigurations.{_ADMISSION}",
    f"mutatingwebhookconfigurations.{_ADMISSION}",
    "apiservices.apiregistration.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
)


class ClientConfig(msgspec.Struct, frozen=True, gc=False):
    service: TypedRef | None = None


class Webhook(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    client_config: ClientConfig = ClientConfig()
    failure_policy: str = "Fail"


class ConversionWebhook(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    client_config: ClientConfig = ClientConfig()


class Conversion(msgspec.Struct, frozen=True, gc=False):
    webhook: ConversionWebhook | None = None


class CalledSpec(msgspec.Struct, frozen=True, gc=False):
    """Of an APIService, and of a custom kind's definition."""

    service: TypedRef | None = None
    conversion: Conversion | None = None


class CallerRefs(Holder, frozen=True, gc=False):
    webhooks: list[Webhook] | None = None
    spec: CalledSpec = CalledSpec()


WIRE = CallerRefs


def relations(obj: CallerRefs) -> Iterator[Relation]:
    seen: set[tuple[str, str]] = set()
    for webhook in obj.webhooks or ():
        service = webhook.client_config.service
        if service is not None and (service.namespace, service.name) not in seen:
            seen.add((service.namespace, service.name))
            yield _calls(service, gentle=webhook.failure_policy == "Ignore")
    if obj.spec.service is not None:
        yield _calls(obj.spec.service)
    webhook_of = obj.spec.conversion.webhook if obj.spec.conversion is not None else None
    if webhook_of is not None and webhook_of.client_config.service is not None:
        yield _calls(webhook_of.client_config.service)


def _calls(service: TypedRef, *, gentle: bool = False) -> Relation:
    """``gentle``: the API server goes on without an answer."""
    return Relation(
        role="calls",
        back="called by",
        kind="services",
        bond=Bond.MENTION if gentle else Bond.NEEDS,
        namespace=service.namespace,
        name=service.name,
    )
