"""Rows of services, endpoint slices and ingresses."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import age
from backend.demo.printers.workloads import label_text


def _address(status: dict[str, Any]) -> str:
    entries = (status.get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(dict.fromkeys(entry.get("ip") or entry.get("hostname", "") for entry in entries))


def _external(spec: dict[str, Any], status: dict[str, Any]) -> str:
    kind, fixed = spec.get("type", "ClusterIP"), ",".join(spec.get("externalIPs") or ())
    if kind == "ExternalName":
        return str(spec.get("externalName", ""))
    if kind == "LoadBalancer":
        return ",".join(part for part in (_address(status), fixed) if part) or "<pending>"
    return fixed or "<none>"


def _port(port: dict[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _service(obj: dict[str, Any]) -> list[Any]:
    spec = obj.get("spec", {})
    addresses = spec.get("clusterIPs") or ()
    return [
        obj["metadata"]["name"],
        spec.get("type", "ClusterIP"),
        addresses[0] if addresses else "<none>",
        _external(spec, obj.get("status", {})),
        ",".join(_port(port) for port in spec.get("ports") or ()) or "<none>",
        age(obj["metadata"].get("creationTimestamp")),
        label_text(spec.get("selector")),
    ]


def _shortened(values: list[str], *, limit: int = 3) -> str:
    if not values:
        return "<unset>"
    more = f" + {len(values) - limit} more..." if len(values) > limit else ""
    return ",".join(values[:limit]) + more


def _endpoint_slice(obj: dict[str, Any]) -> list[Any]:
    ports = [str(port.get("port", "*")) for port in obj.get("ports") or ()]
    addresses = [a for endpoint in obj.get("endpoints") or () for a in endpoint.get("addresses") or ()]
    return [
        obj["metadata"]["name"],
        obj.get("addressType", ""),
        _shortened(ports),
        _shortened(addresses),
        age(obj["metadata"].get("creationTimestamp")),
    ]


def _endpoints(obj: dict[str, Any]) -> list[Any]:
    pairs = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or ()
        for port in subset.get("ports") or ()
        for address in subset.get("addresses") or ()
    ]
    text = "<none>"
    if pairs:
        text = ",".join(pairs[:3]) + (f" + {len(pairs) - 3} more..." if len(pairs) > 3 else "")
    return [obj["metadata"]["name"], text, age(obj["metadata"].get("creationTimestamp"))]


def _ingress(obj: dict[str, Any]) -> list[Any]:
    spec = obj.get("spec", {})
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    more = f" + {len(hosts) - 3} more..." if len(hosts) > 3 else ""
    return [
        obj["metadata"]["name"],
        spec.get("ingressClassName") or "<none>",
        ",".join(hosts[:3]) + more if hosts else "*",
        _address(obj.get("status", {})),
        "80, 443" if spec.get("tls") else "80",
        age(obj["metadata"].get("creationTimestamp")),
    ]


def _ingress_class(obj: dict[str, Any]) -> list[Any]:
    spec = obj.get("spec", {})
    parameters = spec.get("parameters")
    text = "<none>"
    if parameters:
        group = parameters.get("apiGroup")
        text = f"{parameters['kind']}{'.' + group if group else ''}/{parameters['name']}"
    return [
        obj["metadata"]["name"],
        spec.get("controller", ""),
        text,
        age(obj["metadata"].get("creationTimestamp")),
    ]


def _network_policy(obj: dict[str, Any]) -> list[Any]:
    from backend.demo.printers.workloads import selector_text

    return [
        obj["metadata"]["name"],
        selector_text(obj.get("spec", {}).get("podSelector")),
        age(obj["metadata"].get("creationTimestamp")),
    ]


CELLS = {
    "services": _service,
    "endpoints": _endpoints,
    "discovery.k8s.io/endpointslices": _endpoint_slice,
    "networking.k8s.io/ingresses": _ingress,
    "networking.k8s.io/ingressclasses": _ingress_class,
    "networking.k8s.io/networkpolicies": _network_policy,
}
