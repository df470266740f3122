"""Mutating webhook configurations."""

from __future__ import annotations

from backend.resources.webhooks import webhook_kind

KIND = webhook_kind("MutatingWebhookConfiguration", "mutatingwebhookconfigurations")
