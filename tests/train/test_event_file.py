"""Event files: record by record, and, where TensorBoard is installed, by its own reader."""

import importlib.util
import struct

import pytest

from foretell.train.event_file import EventFile, checksum


def records(path):
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == checksum(data[:8])
        event = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == checksum(event)
        found.append(event)
        data = data[16 + length :]
    return found


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", 0x00000000), (b"123456789", 0xE3069283), (b"\x00" * 32, 0x8A9136AA)]
)
def test_checksums_known_from_the_standard(data, expected):
    masked = (((expected >> 15) | (expected << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    assert checksum(data) == masked


def test_the_file_says_its_version_and_then_what_was_written(tmp_path):
    file = EventFile(tmp_path)
    file.write({"loss/next_item": 2.5}, step=300)
    version, scalar = records(file.path)
    assert version.endswith(b"brain.Event:2")
    assert b"\x10\xac\x02" in scalar  # field 2, varint 300
    value = b"\x0a\x0eloss/next_item\x15" + struct.pack("<f", 2.5)
    assert scalar.endswith(b"\x2a" + bytes([len(value) + 2]) + b"\x0a" + bytes([len(value)]) + value)


def test_a_resumed_run_writes_another_file(tmp_path):
    assert EventFile(tmp_path).path != EventFile(tmp_path).path


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="needs tensorboard")
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_reads_it(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    file = EventFile(tmp_path)
    for step in (1, 2, 200):
        file.write({"loss/next_item": 1 / step, "loss/other": 3.0}, step=step)
    found = EventAccumulator(str(tmp_path))
    found.Reload()
    assert sorted(found.Tags()["scalars"]) == ["loss/next_item", "loss/other"]
    scalars = found.Scalars("loss/next_item")
    assert [one.step for one in scalars] == [1, 2, 200]
    assert [one.value for one in scalars] == pytest.approx([1.0, 0.5, 0.005])
