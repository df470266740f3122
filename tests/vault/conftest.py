from __future__ import annotations

from pathlib import Path

import pytest

from backend.vault import Vault
from backend.vault.kdf import KdfParams, fresh_params

PASSPHRASE = "correct horse battery staple"


def cheap() -> KdfParams:
    """Argon2id that costs nothing: these tests are about everything else."""
    return fresh_params(memory=64, passes=1, lanes=1)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def vault(home: Path):
    made, code = Vault.create(passphrase=PASSPHRASE, kdf=cheap())
    made.recovery_code = code
    yield made
    made.close()
