"""Writes two tiny ONNX models with a ten-word tokenizer, whose outputs can be worked out by hand.

    python scripts/reference/toy_models.py fixtures/reference

toy-embedder: hidden states = a row of TABLE per token.  toy-reranker: logit = (sum of the ids of the second segment
minus sum of the ids of the first) / 10.
"""
import json
import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "nan", "zero", "inf"]
TABLE = numpy.array(
    [
        [9, 9, 9, 9],  # [PAD]: must never be seen in a vector
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [3, 0, 0, 0],
        [0, 4, 0, 0],
        [0, 0, 6, 0],
        [numpy.nan, 0, 0, 0],
        [0, 0, 0, 0],
        [numpy.inf, 0, 0, 0],
    ],
    dtype=numpy.float32,
)
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


def save(folder, nodes, constants, output_shape):
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in INPUTS]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "toy", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER) + "\n")
    (folder / "config.json").write_text(json.dumps({"hidden_size": 4, "max_position_embeddings": 8}) + "\n")


def special(name, type_id):
    return {"SpecialToken": {"id": name, "type_id": type_id}}


def sequence(name, type_id):
    return {"Sequence": {"id": name, "type_id": type_id}}


TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [
        {
            "id": number,
            "content": WORDS[number],
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number in range(4)
    ],
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)],
        "pair": [
            special("[CLS]", 0),
            sequence("A", 0),
            special("[SEP]", 0),
            sequence("B", 1),
            special("[SEP]", 1),
        ],
        "special_tokens": {
            name: {"id": name, "ids": [WORDS.index(name)], "tokens": [name]} for name in ["[CLS]", "[SEP]"]
        },
    },
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {word: number for number, word in enumerate(WORDS)},
    },
}

root = pathlib.Path(sys.argv[1])
save(
    root / "toy-embedder",
    [helper.make_node("Gather", ["table", "input_ids"], ["output"], axis=0)],
    {"table": TABLE},
    ["batch", "tokens", 4],
)
save(
    root / "toy-reranker",
    [
        # side = (2 * type - 1) * mask, so the first segment counts negative and padding nothing
        helper.make_node("Mul", ["token_type_ids", "two"], ["twice"]),
        helper.make_node("Sub", ["twice", "one"], ["sign"]),
        helper.make_node("Mul", ["sign", "attention_mask"], ["side"]),
        helper.make_node("Mul", ["side", "input_ids"], ["signed"]),
        helper.make_node("ReduceSum", ["signed", "axes"], ["total"], keepdims=1),
        helper.make_node("Cast", ["total"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "ten"], ["output"]),
    ],
    {
        "two": numpy.array(2, dtype=numpy.int64),
        "one": numpy.array(1, dtype=numpy.int64),
        "axes": numpy.array([1], dtype=numpy.int64),
        "ten": numpy.array(10, dtype=numpy.float32),
    },
    ["batch", 1],
)
