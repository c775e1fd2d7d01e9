"""Prints the sha256 over all tensors of a Q4_1 GGUF, requantised to Q8_0 by the Python package `gguf` (test/process/models-requantize.test.ts).

    python scripts/reference/requantize.py MODEL.gguf
"""
import hashlib
import sys

import gguf
import numpy

digest = hashlib.sha256()
for tensor in sorted(gguf.GGUFReader(sys.argv[1]).tensors, key=lambda one: one.name):
    data = tensor.data
    if tensor.tensor_type == gguf.GGMLQuantizationType.Q4_1:
        data = gguf.quants.quantize(gguf.quants.dequantize(data, tensor.tensor_type), gguf.GGMLQuantizationType.Q8_0)
    digest.update(numpy.ascontiguousarray(data).tobytes())
print(digest.hexdigest())
