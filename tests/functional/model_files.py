"""Writes what a model directory holds."""
import json
import struct

TYPES = {"f": "F32", "I": "U32"}


def write_safetensors(path, named, metadata=None):
    """`named`: name -> (shape, array.array of float32 "f" or of words "I")"""
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for name, (shape, values) in named.items():
        size = len(values) * values.itemsize
        header[name] = {"dtype": TYPES[values.typecode], "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in named.values():
            file.write(values.tobytes())


def write_files(directory, files):
    """`files`: name -> text, or what becomes JSON"""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
