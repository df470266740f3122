"""What a call is called in its errors, so that a sentence alone tells what failed on which object."""

from __future__ import annotations

from backend.kube.objects import ApiResource


def naming(
    verb: str, resource: ApiResource, namespace: str | None, name: str = "", subresource: str = ""
) -> str:
    """``list pods in pay``, ``delete pod pay/web-1``, ``patch deployment.apps pay/web (scale)``."""
    if not name:
        return f"{verb} {resource.full_name}{f' in {namespace}' if namespace else ''}"
    singular = resource.singular or resource.kind.lower() or resource.plural
    one = f"{singular}.{resource.group}" if resource.group else singular
    place = f"{namespace}/{name}" if namespace and resource.namespaced else name
    return f"{verb} {one} {place}{f' ({subresource})' if subresource else ''}"
