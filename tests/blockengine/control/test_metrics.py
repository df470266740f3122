from __future__ import annotations

import re

from blockengine.control.metrics import exposition
from tests.blockengine.control.samples import GIB, pool, replica, volume

# research: the names of OpenEBS' maya volume exporter that make sense without iSCSI.
MAYA = (
    "actual_used logical_size size_of_volume sector_size total_read_bytes reads read_time read_block_count "
    "total_write_bytes writes write_time write_block_count volume_status volume_uptime "
    "healthy_replica_count degraded_replica_count total_replica_count pool_size pool_status "
    "used_pool_capacity free_pool_capacity used_pool_capacity_percent volume_replica_used_size replica_status"
)
_LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-zA-Z]+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)')


def parsed(text: str) -> dict[tuple[str, str], float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            matched = _LINE.fullmatch(line)
            assert matched is not None, line
            found[matched[1], matched[2] or ""] = float(matched[3])
    return found


def test_maya_s_names_are_all_there_each_with_help_and_type() -> None:
    text = exposition([pool("a")], [volume()])
    for name in MAYA.split():
        assert f"# HELP openebs_{name} " in text
        assert f"# TYPE openebs_{name} " in text
        assert f"\nopenebs_{name}{{" in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))


def test_the_values_are_those_of_the_volume() -> None:
    sick = volume(replica("r1", used=GIB // 2), replica("r2", pool="b", role="joining"), health="rebuilding")
    found = parsed(exposition([pool("a"), pool("b", state="vanished")], [sick]))
    maya = 'volName="demo",castype="navarch"'
    assert found["openebs_size_of_volume", maya] == 1
    assert found["openebs_actual_used", maya] == 0.5
    assert found["openebs_volume_status", maya] == 2
    assert found["openebs_reads", maya] == 3
    assert found["openebs_read_time", maya] == 0.25e9
    assert found["openebs_read_block_count", maya] == 3
    assert found["openebs_healthy_replica_count", maya] == 1
    assert found["openebs_degraded_replica_count", maya] == 1
    assert found["openebs_replica_status", 'volume="demo",replica="r2",pool="b"'] == 3
    assert found["openebs_pool_status", 'pool="b"'] == 4
    assert found["navarch_volume_requests_total", 'volume="demo",id="0123",kind="flush"'] == 1
    assert found["navarch_volume_mended_blocks_total", 'volume="demo",id="0123"'] == 0
    assert found["navarch_volume_health", 'volume="demo",id="0123",health="rebuilding"'] == 1


def test_hostile_names_stay_inside_their_label() -> None:
    text = exposition([pool('x"} 1\nopenebs_reads 9')], [])
    assert all(name.startswith(("openebs_", "navarch_")) for name, _ in parsed(text))
    assert ("openebs_reads", "") not in parsed(text)


def test_an_engine_without_anything_has_no_samples() -> None:
    assert parsed(exposition([], [])) == {}
