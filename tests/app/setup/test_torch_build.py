"""Which build of torch is asked for where."""

from __future__ import annotations

from app.setup.pins import Pin
from app.setup.torch_build import CPU_INDEX, sources

TORCH = Pin("torch", "9.9.9")


def arguments(accelerator: str | None, platform: str) -> list[tuple[str, ...]]:
    return [source.arguments for source in sources(TORCH, accelerator, platform)]


def test_without_accelerator_at_hand_then_official_then_plain() -> None:
    assert arguments(None, "linux") == [
        ("torch==9.9.9+cpu",),
        ("torch==9.9.9+cpu", "--extra-index-url", CPU_INDEX),
        ("torch==9.9.9",),
    ]


def test_only_looking_at_hand_may_fail_in_silence() -> None:
    assert [source.may_fail for source in sources(TORCH, None, "linux")] == [True, False, False]


def test_with_accelerator_a_cpu_build_at_hand_is_not_taken() -> None:
    first, *_ = arguments("GPU 0: NVIDIA H200", "linux")
    assert first == ("torch===9.9.9",)
    assert not [words for words in arguments("GPU 0", "linux") if any("+cpu" in word for word in words)]


def test_where_there_is_one_build_it_is_taken() -> None:
    assert arguments(None, "darwin") == [("torch==9.9.9",)]
