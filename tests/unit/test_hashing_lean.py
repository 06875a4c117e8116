"""What was written out to do without importing SciPy gives what SciPy gives, and a decoder starts without it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage, sparse

from hashing.groups import components
from hashing.smoothing import smoother

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("side", "sigma"), [(64, 2.5), (64, 5.0), (32, 2.0), (32, 4.0), (5, 3.0)])
def test_smoothing_is_scipys_gaussian(side: int, sigma: float) -> None:
    expected = ndimage.gaussian_filter1d(np.eye(side), sigma, axis=0, mode="nearest")
    assert np.abs(smoother(side, sigma) - expected).max() < 1e-14


@pytest.mark.parametrize(("n", "m"), [(1, 0), (5, 3), (60, 40), (1000, 700), (1000, 4000)])
def test_components_are_scipys(n: int, m: int) -> None:
    random = np.random.default_rng(n + m)
    for _ in range(10):
        _agree(n, random.integers(0, n, (m, 2)))


def test_components_of_long_chains_are_scipys() -> None:
    order = np.random.default_rng(1).permutation(5000)
    _agree(5000, np.stack([order[:-1], order[1:]], axis=1))
    _agree(5000, np.stack([np.arange(4999), np.full(4999, 4999)], axis=1))


def _agree(n: int, pairs: np.ndarray) -> None:
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    assert components(n, pairs) == first[label].tolist()


@pytest.mark.parametrize("module", ["images.decoder_process", "find_similar"])
def test_a_start_imports_neither_the_networks_clients_nor_scipys_slow_parts(module: str) -> None:
    """They took more than half of the time until a small folder was read."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    slow = {"requests", "urllib3", "scipy.fft", "scipy.fftpack", "scipy.ndimage", "scipy.sparse", "numba", "pywt"}
    assert not slow & set(done.stdout.split())
