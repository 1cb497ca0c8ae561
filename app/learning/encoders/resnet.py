"""ResNet-18 (He et al. 2016, arXiv 1512.03385) with group norms in place of batch norms, not pretrained.

Batch statistics and averaged weights do not go together, so group norms stand in their place, as in Diffusion Policy
(Chi et al. 2023, arXiv 2303.04137). torchvision is no dependency: resources/help/decisions/0060-pictures.md.
"""

from __future__ import annotations

from torch import Tensor, nn

WIDTHS = (64, 128, 256, 512)
GROUP = 16


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // GROUP, channels)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and the input added."""

    def __init__(self, entry: int, width: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(entry, width, 3, stride, 1, bias=False),
            _norm(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            _norm(width),
        )
        self.past: nn.Module = nn.Identity()
        if stride > 1 or entry != width:
            self.past = nn.Sequential(nn.Conv2d(entry, width, 1, stride, bias=False), _norm(width))
        self.after = nn.SiLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (B, width, H / stride, W / stride)."""
        out: Tensor = self.after(self.layers(maps) + self.past(maps))
        return out


class ResNetEncoder(nn.Module):
    """Eleven million parameters for one camera."""

    def __init__(self, features: int) -> None:
        super().__init__()
        blocks, entry = list[nn.Module](), WIDTHS[0]
        for width in WIDTHS:
            blocks += [BasicBlock(entry, width, 1 if width == WIDTHS[0] else 2), BasicBlock(width, width, 1)]
            entry = width
        self.layers = nn.Sequential(
            nn.Conv2d(3, WIDTHS[0], 7, 2, 3, bias=False), _norm(WIDTHS[0]), nn.SiLU(), nn.MaxPool2d(3, 2, 1),
            *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], features), nn.LayerNorm(features),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features (B, features) of pictures (B, 3, H, W) in −1..1."""
        out: Tensor = self.layers(pictures)
        return out
