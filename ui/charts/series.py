"""Long series of numbers, thinned, smoothed and encoded for a chart."""

from __future__ import annotations

import base64
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray


def thin(values: NDArray[Any], limit: int) -> NDArray[np.intp]:
    """Ascending indices of at most `limit` values (at least 4) that draw the same line as all of them.

    Each of several stretches of equal length keeps its smallest and largest value, so that no spike is lost. The first
    and the last value are kept too. NaN is neither smallest nor largest.
    """
    n = len(values)
    if n <= limit:
        return np.arange(n)
    stretches = (limit - 2) // 2
    length = -(-n // stretches)
    padded = np.pad(values, (0, stretches * length - n), mode="edge").reshape(stretches, length)
    missing = np.isnan(padded)
    starts = np.arange(stretches) * length
    least = starts + np.where(missing, np.inf, padded).argmin(axis=1)
    greatest = starts + np.where(missing, -np.inf, padded).argmax(axis=1)
    return np.unique(np.minimum(np.concatenate([[0], least, greatest, [n - 1]]), n - 1))


def prepare() -> None:
    """Import the package that `smooth` needs. It takes 0.4 s, so a page calls this after it is drawn."""
    import_module("scipy.signal")


def smooth(values: NDArray[Any], weight: float) -> NDArray[np.float64]:
    """Exponential moving average with `weight` in [0, 1) on the past, corrected for its zero start.

    The correction divides by 1 - weight^t (Kingma and Ba, 2015). Values that are not finite are kept, and left out of
    the average.
    """
    from scipy.signal import lfilter

    result = np.array(values, dtype=np.float64)
    finite = np.isfinite(result)
    average = lfilter([1 - weight], [1, -weight], result[finite])
    first = average[: int(40 / (1 - weight)) + 1]  # later, weight^t is below e^-40
    first /= 1 - weight ** np.arange(1, len(first) + 1)
    result[finite] = average
    return result


def packed(values: NDArray[Any]) -> dict[str, str]:
    """An array of one or two dimensions in plotly's binary encoding: base64 of float32 or int32."""
    kind = "i4" if np.issubdtype(values.dtype, np.integer) else "f4"
    data = base64.b64encode(values.astype("<" + kind).tobytes()).decode("ascii")
    shape = {"shape": ",".join(map(str, values.shape))} if values.ndim > 1 else {}
    return {"dtype": kind, "bdata": data, **shape}
