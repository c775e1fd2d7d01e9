"""Writes the expected vectors of test/end-to-end/embedding-reference.test.ts with Python onnxruntime, one text at a time.

    python scripts/reference/vectors.py MODELS_FOLDER > fixtures/reference/vectors.json
"""
import json
import sys

import numpy
import onnxruntime
import tokenizers

MODELS = ["bge-small-zh-v1.5-int8", "bge-small-zh-v1.5", "bge-small-en-v1.5-int8"]
MAX_TOKENS = 512
TEXTS = [
    "hello",
    "范廷颂是什么时候被任为主教的？",
    "What was the net revenue in fiscal 2023?",
    "1963年，范廷颂被任为主教；1990年，被擢升为天主教河内总教区宗座署理。",
    "RAG系统使用embedding模型来检索chunk。 👩‍👩‍👧‍👦",
    "Revenue rose 12% to $4.4 billion. " * 90,
    "长文本会被截断，最后的标记要留着。" * 60,
    " ",
]
FULL = 3  # so many texts with every number, the others with the first 16

folder = sys.argv[1]
models = {}
for model in MODELS:
    tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/{model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{folder}/{model}/model.onnx", options, providers=["CPUExecutionProvider"])
    rows = []
    for number, text in enumerate(TEXTS):
        encoding = tokenizer.encode(text)
        feeds = {
            "input_ids": numpy.array([encoding.ids], dtype=numpy.int64),
            "attention_mask": numpy.ones((1, len(encoding.ids)), dtype=numpy.int64),
            "token_type_ids": numpy.zeros((1, len(encoding.ids)), dtype=numpy.int64),
        }
        hidden = session.run(None, {i.name: feeds[i.name] for i in session.get_inputs()})[0]
        vector = hidden[0, 0].astype(numpy.float64)  # CLS
        vector /= numpy.linalg.norm(vector)
        mean = hidden[0].astype(numpy.float64).mean(axis=0)
        mean /= numpy.linalg.norm(mean)
        rows.append(
            {
                "tokens": len(encoding.ids),
                "cls": [round(float(x), 7) for x in (vector if number < FULL else vector[:16])],
                "mean": [round(float(x), 7) for x in mean[:16]],
            }
        )
    models[model] = rows
versions = f"onnxruntime {onnxruntime.__version__}, tokenizers {tokenizers.__version__}, numpy {numpy.__version__}"
json.dump({"by": versions, "texts": TEXTS, "models": models}, sys.stdout, ensure_ascii=False, separators=(",", ":"))
