"""The table that `make demo` prints."""

from __future__ import annotations

from typing import Any

LABELS = {
    "policy": "trained policy (RDP)",
    "script": "scripted operator (feels)",
    "replay": "open-loop replay of the best demonstration",
    "idle": "doing nothing",
}


def render(seconds: dict[str, float], results: dict[str, dict[str, Any]], total_s: float) -> str:
    """Return seconds per stage and the scores on unseen boards, as lines of text."""
    lines = ["", "stage        seconds"]
    lines += [f"{stage:<12} {spent:7.1f}" for stage, spent in seconds.items()]
    lines += [f"{'total':<12} {total_s:7.1f}", ""]
    collected, augmented, trained = results["collect"], results["augment"], results["train"]
    lines.append(f"episodes kept        {collected['kept']} of {collected['kept'] + collected['discarded']}")
    lines.append(f"augmentation yield   {augmented['kept']} of {augmented['attempts']}")
    lines.append(f"training loss        {trained['loss']:.4g} after {trained['steps']} steps")
    lines += ["", f"{'score on unseen boards':<46} mean   95 % interval   boards"]
    for name, label in LABELS.items():
        row = results[name]
        lines.append(
            f"{label:<46} {row['mean_score']:5.2f}   [{row['low']:5.2f}, {row['high']:5.2f}]   {row['episodes']:4d}"
        )
    return "\n".join(lines)
