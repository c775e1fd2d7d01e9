"""The other side of the embedding benchmark: a hand-tuned onnxruntime loop. JSON lines in, JSON lines out.

{"load": {"model", "tokenizer", "threads", "max_tokens"}}      -> {"ready": versions}
{"run": {"texts": [...], "batch": n, "batch_tokens": n}}       -> {"seconds", "tokens", "vectors": first three}
"""
import json
import sys
import time

import numpy
import onnxruntime
import tokenizers


class Embedder:
    def __init__(self, model, tokenizer, threads, max_tokens):
        self.tokenizer = tokenizers.Tokenizer.from_file(tokenizer)
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.inputs = [entry.name for entry in self.session.get_inputs()]
        self.output = self.session.get_outputs()[0].name

    def embed(self, texts, batch, batch_tokens):
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        vectors = [None] * len(ids)
        for rows in batches(order, ids, batch, batch_tokens):
            width = max(len(ids[row]) for row in rows)
            feeds = {
                "input_ids": numpy.zeros((len(rows), width), dtype=numpy.int64),
                "attention_mask": numpy.zeros((len(rows), width), dtype=numpy.int64),
                "token_type_ids": numpy.zeros((len(rows), width), dtype=numpy.int64),
            }
            for position, row in enumerate(rows):
                feeds["input_ids"][position, : len(ids[row])] = ids[row]
                feeds["attention_mask"][position, : len(ids[row])] = 1
            hidden = self.session.run([self.output], {name: feeds[name] for name in self.inputs})[0]
            found = hidden[:, 0, :]
            found = found / numpy.linalg.norm(found, axis=1, keepdims=True)
            for position, row in enumerate(rows):
                vectors[row] = found[position]
        return vectors, sum(len(row) for row in ids)


def batches(order, ids, batch, batch_tokens):
    """Rows of similar length: at most `batch` texts and, padded, `batch_tokens` tokens."""
    rows = []
    for row in order:
        if rows and (len(rows) == batch or (len(rows) + 1) * len(ids[row]) > batch_tokens):
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def answer(value):
    print(json.dumps(value), flush=True)


embedder = None
for line in sys.stdin:
    message = json.loads(line)
    if "load" in message:
        embedder = Embedder(**message["load"])
        embedder.embed(["1"], 1, 1024)
        answer({"ready": f"onnxruntime {onnxruntime.__version__}, tokenizers {tokenizers.__version__}"})
    else:
        started = time.perf_counter()
        vectors, tokens = embedder.embed(**message["run"])
        seconds = time.perf_counter() - started
        answer({"seconds": seconds, "tokens": tokens, "vectors": [vector.tolist() for vector in vectors[:3]]})
