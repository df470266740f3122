"""What validating and mutating webhook configurations share: a row counts their webhooks."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import Kind, age_column, api_resource, name_column, number_column


class WebhookConfigurationWire(msgspec.Struct, frozen=True):
    """Webhooks (with their CA bundles) stay undecoded views of the page until it is dropped."""

    metadata: ObjectMeta = ObjectMeta()
    webhooks: list[msgspec.Raw] | None = None


class WebhookConfiguration(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    webhooks: int


def _project(wire: WebhookConfigurationWire) -> WebhookConfiguration:
    return WebhookConfiguration(metadata=wire.metadata, webhooks=len(wire.webhooks or ()))


def webhook_kind(kind: str, plural: str) -> Kind:
    """The entry of one of admissionregistration.k8s.io/v1's two kinds."""
    return Kind(
        resource=api_resource("admissionregistration.k8s.io/v1", kind, plural, namespaced=False),
        wire=WebhookConfigurationWire,
        project=_project,
        columns=(
            name_column(),
            number_column("WEBHOOKS", lambda configuration: configuration.webhooks, priority=0),
            age_column(),
        ),
    )
