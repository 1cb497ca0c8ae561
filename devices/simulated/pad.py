"""The touch sensor of the finger: a field of marker displacements and a wrench, both with a sensor's faults.

The field is that of a soft elastic half-space under the load that the contact solution gives (Boussinesq for the normal
part, Cerruti for the tangential one; Johnson, Contact Mechanics, 1985, ch. 3), with the distance softened by the
contact patch's size so that it is smooth. Low-pass and noise as a camera-based gel has them. Frame: tool.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from devices.simulated.geometry import PAD_DEPTH_M, PAD_HALF_LENGTH_M, PAD_HALF_WIDTH_M, TIMESTEP_S

Array = npt.NDArray[np.float64]

MARKER_ROWS: Final = 7
MARKER_COLUMNS: Final = 9
MARKERS: Final = MARKER_ROWS * MARKER_COLUMNS
_SPACING_M: Final = 0.003

GEL_MODULUS_PA: Final = 2.5e5
GEL_POISSON: Final = 0.45
_PATCH_AT_1_N_M: Final = 0.0028
"""Radius of the contact patch at 1 N; it grows with the cube root of the load (Hertz)."""
_FIELD_LAG_S: Final = 0.010
_FIELD_NOISE_MM: Final = 0.008
_WRENCH_LAG_S: Final = 0.003
_WRENCH_NOISE: Final = np.array([0.04, 0.04, 0.05, 0.001, 0.001, 0.001])
_WRENCH_BIAS: Final = np.array([0.6, 0.6, 1.0, 0.01, 0.01, 0.01])
# Prime lengths: the two noise tables do not repeat in step.
_WRENCH_ROWS: Final = 4099
_FIELD_ROWS: Final = 509


def marker_rest_positions() -> Array:
    """Return where the 63 markers rest, (63, 3) m in the tool frame: 7 along tool x by 9 along tool y, x slowest."""
    x = (np.arange(MARKER_ROWS) - (MARKER_ROWS - 1) / 2) * _SPACING_M
    y = (np.arange(MARKER_COLUMNS) - (MARKER_COLUMNS - 1) / 2) * _SPACING_M
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = 1.0 - (grid[:, 0] / PAD_HALF_WIDTH_M) ** 2 - (grid[:, 1] / PAD_HALF_LENGTH_M) ** 2
    return np.column_stack([grid, -PAD_DEPTH_M * (1.0 - np.sqrt(inside))])


class PadSensor:
    """Filters and disturbs what the contact reader found.

    Noise is looked up by the step's number, so that reading more or less often changes nothing.
    """

    def __init__(self) -> None:
        self.rest = marker_rest_positions()
        self._field_gain = 1.0 - float(np.exp(-TIMESTEP_S / _FIELD_LAG_S))
        self._wrench_gain = 1.0 - float(np.exp(-TIMESTEP_S / _WRENCH_LAG_S))
        self._force = np.zeros(3)
        self._point = np.zeros(2)
        self._wrench = np.zeros(6)
        self._bias = np.zeros(6)
        self._wrench_noise = np.zeros((_WRENCH_ROWS, 6))
        self._field_noise = np.zeros((_FIELD_ROWS, MARKERS, 3), np.float32)
        self._step = 0

    def reset(self, rng: np.random.Generator) -> None:
        """Start an episode: a new constant bias of the wrench, new noise, no load."""
        self._bias = rng.standard_normal(6) * _WRENCH_BIAS
        self._wrench_noise = rng.standard_normal((_WRENCH_ROWS, 6)) * _WRENCH_NOISE
        noise = rng.standard_normal((_FIELD_ROWS, MARKERS, 3), dtype=np.float32)
        self._field_noise = noise * np.float32(_FIELD_NOISE_MM)
        for state in (self._force, self._point, self._wrench):
            state[:] = 0.0
        self._step = 0

    def update(self, wrench: Array, pad_force: Array, pad_point: Array) -> None:
        """Take one physics step's load.

        Args:
            wrench: (6,) N and N·m, tool frame.
            pad_force: (3,) N, tool frame, on the pad alone.
            pad_point: (3,) m, tool frame, where the pad is touched.
        """
        self._step += 1
        self._wrench += self._wrench_gain * (wrench - self._wrench)
        self._force += self._field_gain * (pad_force - self._force)
        if pad_force[2] != 0.0:
            self._point += self._field_gain * (pad_point[:2] - self._point)

    def wrench(self) -> Array:
        """Return the untared wrench (6,) N and N·m in the tool frame: what the surroundings exert on the finger."""
        return self._wrench + self._bias + self._wrench_noise[self._step % _WRENCH_ROWS]

    def field(self) -> npt.NDArray[np.float32]:
        """Return the marker displacements (63, 3), mm, tool frame; pressing moves markers inward (negative z)."""
        clean = 1000.0 * half_space_displacement(self.rest[:, :2] - self._point, self._force)
        return clean.astype(np.float32) + self._field_noise[self._step % _FIELD_ROWS]


def half_space_displacement(offset: Array, force: Array) -> Array:
    """Return the surface displacement (N, 3), m, of an elastic half-space z < 0 under a load at the origin.

    Args:
        offset: (N, 2) m, marker minus point of load.
        force: (3,) N on the half-space; z is negative when pressed.
    """
    nu = GEL_POISSON
    shear_modulus = GEL_MODULUS_PA / (2.0 * (1.0 + nu))
    patch = _PATCH_AT_1_N_M * float(np.cbrt(max(1.0, abs(force[2]))))
    rho2 = np.sum(offset**2, axis=1) + patch**2
    rho = np.sqrt(rho2)
    scale = 1.0 / (2.0 * np.pi * shear_modulus)
    along = offset @ force[:2]
    coupling = (1.0 - 2.0 * nu) / 2.0
    tangential = (1.0 - nu) * force[:2] / rho[:, None] + nu * offset * (along / rho**3)[:, None]
    tangential += coupling * force[2] * offset / rho2[:, None]
    normal = (1.0 - nu) * force[2] / rho - coupling * along / rho2
    return scale * np.column_stack([tangential, normal])
