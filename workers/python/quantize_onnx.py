"""Makes an int8 model of a float32 one: dynamic quantisation of the weights by onnxruntime's own tool.

Arguments: the ONNX file, and the one to write.
"""

import json
import logging
import os
import sys

import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

source, target = sys.argv[1:3]
logging.getLogger().setLevel(logging.ERROR)
# Per channel and signed, as the published int8 models of this kind are; activations are quantised when it runs.
quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)
print("\n" + json.dumps({"onnxruntime": onnxruntime.__version__, "bytes": os.path.getsize(target)}))
