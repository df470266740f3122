"""What a certificate says, for the import review and the fleet screen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.kube.certificates import key_matches, read_certificates
from backend.secret import Secret
from tests.kube.pki import Authority


def test_the_facts_of_a_client_certificate() -> None:
    authority = Authority("my-ca")
    [facts] = read_certificates(authority.client("jane", "dev", "ops").cert_pem)
    assert facts.common_name == "jane"
    assert facts.organizations == ("dev", "ops")
    assert "CN=my-ca" in facts.issuer
    assert facts.not_before < datetime.now(UTC) < facts.not_after
    assert len(facts.spki_sha256) == 64


def test_the_names_of_a_server_certificate() -> None:
    [facts] = read_certificates(Authority().server("api.example", "10.0.0.1").cert_pem)
    assert facts.names == ("api.example", "10.0.0.1")


def test_the_pin_is_of_the_key_not_of_the_certificate() -> None:
    first, second = Authority(), Authority()
    pins = [read_certificates(a.pem)[0].spki_sha256 for a in (first, first, second)]
    assert pins[0] == pins[1] != pins[2]


def test_a_bundle_in_order() -> None:
    bundle = Authority("a").pem + b"comment\n" + Authority("b").pem
    assert [f.common_name for f in read_certificates(bundle)] == ["a", "b"]


def test_hostile_names_are_inert() -> None:
    [facts] = read_certificates(Authority().client("ja\x1b[31mne\u202e", "\x07").cert_pem)
    for text in (facts.common_name, facts.subject, *facts.organizations):
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize(
    "pem", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate(pem: bytes) -> None:
    with pytest.raises(ValueError, match="not a certificate in PEM form"):
        read_certificates(pem)


def test_keys_match_or_not() -> None:
    authority = Authority()
    jane, joe = authority.client("jane"), authority.client("joe")
    assert key_matches(jane.cert_pem, jane.key_pem)
    assert not key_matches(jane.cert_pem, joe.key_pem)
    with pytest.raises(ValueError, match="not a private key"):
        key_matches(jane.cert_pem, Secret(b"-----BEGIN PRIVATE KEY-----"))
