"""A speaker encoder for the attack on the pool: Resemblyzer's weights (Apache-2.0), run by numpy.

The wheel of `resemblyzer` holds the weights: three LSTM layers of 256 over 40 mel bands, a linear layer, a ReLU
(generalised end-to-end loss, arXiv:1710.10467). PyTorch, which weighs gigabytes, is not needed for that little.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewer.audio.resampling import Floats
from reviewer.audio.wav import RATE_HZ

_WEIGHTS = "resemblyzer/pretrained.pt"
_LAYERS, _SIZE, _MELS = 3, 256, 40
_WINDOW, _STEP, _FRAMES = 400, 160, 160  # samples, samples, frames heard at once
_LEVEL_DB = -30.0
_RATE = 1.3  # pieces heard in a second


class VoiceEncoder:
    """Turns a clip into a direction: near for one speaker, far for two."""

    def __init__(self, wheel: Path) -> None:
        """Read the weights from the wheel; raises KeyError where it is another."""
        with zipfile.ZipFile(wheel) as opened:
            self._weights = _weights(opened.read(_WEIGHTS))

    def direction(self, clip: Floats) -> NDArray[np.float64]:
        """Return the direction of a clip's voice, of length one."""
        clip = clip * 10 ** ((_LEVEL_DB - 20 * np.log10(max(float(np.sqrt(np.mean(clip**2))), 1e-9))) / 20)
        step = round(RATE_HZ / _RATE / _STEP)
        clip = np.pad(clip, (0, max(0, _FRAMES * _STEP - len(clip))))
        mels = self._mels(clip)
        starts = range(0, max(1, len(mels) - _FRAMES + 1), step)
        heard = self._forward(np.stack([mels[at : at + _FRAMES] for at in starts]))
        mean = heard.mean(axis=0)
        direction: NDArray[np.float64] = mean / np.linalg.norm(mean)
        return direction

    def _forward(self, pieces: NDArray[np.float64]) -> NDArray[np.float64]:
        heard = pieces
        for layer in range(_LAYERS):
            heard = self._lstm(heard, layer)
        weights = self._weights
        out = np.maximum(0, heard[:, -1] @ weights["linear.weight"].T + weights["linear.bias"])
        forward: NDArray[np.float64] = out / np.linalg.norm(out, axis=1, keepdims=True)
        return forward

    def _lstm(self, heard: NDArray[np.float64], layer: int) -> NDArray[np.float64]:
        at = {name: self._weights[f"lstm.{name}_l{layer}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        hidden = cell = np.zeros((len(heard), _SIZE))
        said = []
        for frame in range(heard.shape[1]):
            gates = heard[:, frame] @ at["weight_ih"].T + hidden @ at["weight_hh"].T + at["bias_ih"] + at["bias_hh"]
            enter, forget, new, leave = np.split(gates, 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
            hidden = _sigmoid(leave) * np.tanh(cell)
            said.append(hidden)
        return np.stack(said, axis=1)

    def _mels(self, clip: Floats) -> NDArray[np.float64]:
        padded = np.pad(clip, _WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_STEP] * np.hanning(_WINDOW + 1)[:-1]
        mels: NDArray[np.float64] = np.square(np.abs(np.fft.rfft(frames))) @ self._bands.T
        return mels

    @cached_property
    def _bands(self) -> NDArray[np.float64]:
        """Return triangles on Slaney's mel scale, each of the same area."""
        edges = _hz(np.linspace(0, _mel(RATE_HZ / 2), _MELS + 2))
        hz = np.fft.rfftfreq(_WINDOW, 1 / RATE_HZ)
        up = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
        down = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
        bands: NDArray[np.float64] = np.maximum(0, np.minimum(up, down)) * (2 / (edges[2:] - edges[:-2]))[:, None]
        return bands


def _mel(hz: float) -> float:
    return hz / (200 / 3) if hz < 1_000 else 15 + 27 * float(np.log(hz / 1_000)) / float(np.log(6.4))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1_000 * np.exp(np.log(6.4) / 27 * (mel - 15)))


def _sigmoid(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-value))


class _Weights(pickle.Unpickler):
    """Reads tensors as where they lie in a storage; makes nothing else of the file."""

    def persistent_load(self, pid: Sequence[Any]) -> str:
        return str(pid[2])

    def find_class(self, module: str, name: str) -> Any:
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, size, *_rest: (storage, offset, size)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        return type(name, (), {})


def _weights(saved: bytes) -> dict[str, NDArray[np.float64]]:
    """Return the tensors of a file in PyTorch's form of before 1.6: five pickles, then the storages."""
    file = io.BytesIO(saved)
    for _ in range(3):  # a magic number, the version, the machine
        _Weights(file).load()
    tensors = _Weights(file).load()["model_state"]
    storages = {}
    for key in _Weights(file).load():
        number = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(4 * number), "<f4").astype(np.float64)
    return {
        name: storages[storage][offset : offset + int(np.prod(size))].reshape(size)
        for name, (storage, offset, size) in tensors.items()
    }
