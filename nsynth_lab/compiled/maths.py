"""exp, gate, GELU, sine and cosine for compiled loops: without branches, so that they vectorise.

The polynomials are those of Cephes in single precision (Moshier 1992), within a few units in the last place. The error
function is formula 7.1.26 of Abramowitz and Stegun, within 2e-7.
"""

from __future__ import annotations

import math

import numpy as np

from nsynth_lab.compiled import compiled, from_bits
from nsynth_lab.compiled.fma import fma

F = np.float32
LOG2_E, LN2_HIGH, LN2_LOW = F(1.44269504088896341), F(0.693359375), F(-2.12194440e-4)
LOWEST, HIGHEST = F(-87.0), F(88.0)
E0, E1, E2 = F(1.9875691500e-4), F(1.3981999507e-3), F(8.3334519073e-3)
E3, E4, E5 = F(4.1665795894e-2), F(1.6666665459e-1), F(5.0000001201e-1)
S0, S1, S2 = F(-1.9515295891e-4), F(8.3321608736e-3), F(-1.6666654611e-1)
C0, C1, C2 = F(2.443315711809948e-5), F(-1.388731625493765e-3), F(4.166664568298827e-2)
A0, A1, A2 = F(0.3275911), F(0.254829592), F(-0.284496736)
A3, A4, A5 = F(1.421413741), F(-1.453152027), F(1.061405429)
ONE, TWO, FOUR, HALF, QUARTER = F(1.0), F(2.0), F(4.0), F(0.5), F(0.25)
TWO_PI, ROOT_HALF = F(2.0 * math.pi), F(math.sqrt(0.5))
BIAS, MANTISSA_BITS = np.int32(127), np.int32(23)


@compiled
def exp(x: np.float32) -> np.float32:
    """E to the power `x`, which is clamped to -87 .. 88."""
    x = min(max(x, LOWEST), HIGHEST)
    n = np.floor(fma(x, LOG2_E, HALF))
    r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x))
    tail = fma(fma(fma(fma(fma(E0, r, E1), r, E2), r, E3), r, E4), r, E5)
    power: np.float32 = (fma(tail, r * r, r) + ONE) * from_bits(np.int32((np.int32(n) + BIAS) << MANTISSA_BITS))
    return power


@compiled
def gated(signal: np.float32, gate: np.float32) -> np.float32:
    """tanh(signal) * sigmoid(gate)."""
    two = exp(-TWO * abs(signal))
    size: np.float32 = (ONE - two) / ((ONE + two) * (ONE + exp(-gate)))
    return size if signal >= 0 else -size


@compiled
def gelu(x: np.float32) -> np.float32:
    """X / 2 * (1 + erf(x / sqrt(2)))."""
    size = abs(x) * ROOT_HALF
    t = ONE / fma(A0, size, ONE)
    below = fma(fma(fma(fma(A5, t, A4), t, A3), t, A2), t, A1) * t * exp(-size * size)
    out: np.float32 = HALF * x * (TWO - below if x >= 0 else below)
    return out


@compiled
def cosine_and_sine(turns: np.float32) -> tuple[np.float32, np.float32]:
    """Cosine and sine of an angle in turns (1 is 2 pi)."""
    quarters = np.floor(turns * FOUR + HALF)
    r = (turns - quarters * QUARTER) * TWO_PI
    z = r * r
    sine = ((S0 * z + S1) * z + S2) * z * r + r
    cosine = ((C0 * z + C1) * z + C2) * z * z - HALF * z + ONE
    halves = np.floor(quarters * HALF)
    odd = quarters - TWO * halves > HALF
    sign = ONE - TWO * (halves - TWO * np.floor(halves * HALF))
    return sign * (-sine if odd else cosine), sign * (cosine if odd else sine)
