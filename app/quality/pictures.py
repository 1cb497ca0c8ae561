"""How the first pictures look: light and sharpness."""

from __future__ import annotations

import numpy as np

from app.quality.finding import Finding
from app.quality.limits import limit
from app.quality.material import Material

PIXELS = "pixels"  # of the main camera's picture: sharpness is compared among pictures of one size


def measure_pictures(material: Material, found: Finding) -> None:
    """Measure the first picture of each camera; the episode's numbers are those of its main camera."""
    if not material.pictures:
        found.missing["brightness"] = found.missing["sharpness"] = "there is no colour picture"
    place = (material.start_ns, material.start_ns)
    for camera, luma in material.pictures.items():
        light, edges = brightness(luma), sharpness(luma)
        for name, value in (("brightness", light), ("sharpness", edges)):
            found.measures[f"{name}_{camera}"] = value
            found.measures.setdefault(name, value)
            found.places.setdefault(name, place)
        found.measures.setdefault(PIXELS, float(luma.size))
        topic = f"{camera}/color"
        if light < limit("dark"):
            text = f"The first picture of {camera} is dark: brightness {light:.2f} (limit {limit('dark'):g})."
            found.flag("dark", "dark", light, text, place, topic)
        if light > limit("bright"):
            text = f"The first picture of {camera} is overexposed: brightness {light:.2f} (limit {limit('bright'):g})."
            found.flag("bright", "bright", light, text, place, topic)


def brightness(luma: np.ndarray) -> float:
    """Return the mean luma (height, width; 0 to 255) as a share of white."""
    return float(luma.mean()) / 255.0


def sharpness(luma: np.ndarray) -> float:
    """Return the standard deviation of the 4-neighbour Laplacian of the luma, in grey levels.

    The square of it is the variance of the Laplacian of Pech-Pacheco et al., ICPR 2000, p. 314: a picture out of focus
    has few edges. It compares pictures of one camera and one scene, not different scenes.
    """
    if min(luma.shape) < 3:
        return 0.0
    values = luma.astype(np.float64)
    laplacian = (
        values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4.0 * values[1:-1, 1:-1]
    )
    return float(laplacian.std())
