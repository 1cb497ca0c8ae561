"""How the first pictures look: light and sharpness."""

from __future__ import annotations

import numpy as np

from app.quality.finding import Finding
from app.quality.limits import limit
from app.quality.material import Material

WIDTH = 160


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


def shrunk(luma: np.ndarray) -> np.ndarray:
    """Return a picture (height, width) at most twice `WIDTH` wide, by means over square blocks.

    The same scene taken larger has softer edges per pixel; so takes of different size can be compared.
    """
    step = max(1, luma.shape[1] // WIDTH)
    rows, columns = luma.shape[0] // step, luma.shape[1] // step
    blocks = luma[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return np.asarray(blocks.mean(axis=(1, 3)))


def sharpness(luma: np.ndarray) -> float:
    """Return the standard deviation of the 4-neighbour Laplacian of the luma, in grey levels.

    The square of it is the variance of the Laplacian of Pech-Pacheco et al., ICPR 2000, p. 314: a picture out of focus
    has few edges. It compares pictures of one camera and one scene, not different scenes.
    """
    values = shrunk(luma.astype(np.float64))
    if min(values.shape) < 3:
        return 0.0
    laplacian = (
        values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4.0 * values[1:-1, 1:-1]
    )
    return float(laplacian.std())
