"""Exports an embedder's encoder to ONNX, and embeds some texts with torch for comparison.

Arguments: a JSON file with {model, target, pooling: cls|mean, normalize, maxTokens, texts: [...]}.
Writes into the target folder: model.onnx (float32; input_ids, attention_mask, token_type_ids where the model has them →
last_hidden_state), tokenizer.json (without the truncation and padding of the training), config.json, what
sentence-transformers wants to know of pooling, and reference.json: the vectors as torch computes them.
"""

import json
import os
import sys

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

OPSET = 18


class Encoder(torch.nn.Module):
    def __init__(self, model, names):
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs):
        return self.model(**dict(zip(self.names, inputs))).last_hidden_state


def pool(states, mask, pooling):
    if pooling == "cls":
        return states[:, 0]
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def write_json(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    target = task["target"]
    os.makedirs(target, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(task["model"])
    model = AutoModel.from_pretrained(task["model"], dtype=torch.float32).eval()
    config = AutoConfig.from_pretrained(task["model"])
    names = ["input_ids", "attention_mask"]
    if getattr(config, "type_vocab_size", 0) > 1 and config.model_type == "bert":
        names.append("token_type_ids")

    sample = tokenizer(["one text", "another text that is longer"], padding=True, return_tensors="pt")
    if "token_type_ids" not in sample:
        sample["token_type_ids"] = torch.zeros_like(sample["input_ids"])
    batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence")
    program = torch.onnx.export(
        Encoder(model, names).eval(),
        tuple(sample[name] for name in names),
        dynamo=True,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_shapes=(tuple({0: batch, 1: sequence} for _ in names),),
        opset_version=OPSET,
    )
    program.save(os.path.join(target, "model.onnx"), external_data=False)

    vectors = []
    with torch.no_grad():
        for text in task["texts"]:
            encoded = tokenizer([text], truncation=True, max_length=task["maxTokens"], return_tensors="pt")
            states = model(**encoded).last_hidden_state
            vector = pool(states, encoded["attention_mask"], task["pooling"])
            if task["normalize"]:
                vector = torch.nn.functional.normalize(vector, dim=-1)
            vectors.append(vector[0].tolist())
    write_json(os.path.join(target, "reference.json"), {"texts": task["texts"], "vectors": vectors})

    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    backend.save(os.path.join(target, "tokenizer.json"))
    config.save_pretrained(target)
    write_json(
        os.path.join(target, "1_Pooling", "config.json"),
        {
            "word_embedding_dimension": config.hidden_size,
            "pooling_mode_cls_token": task["pooling"] == "cls",
            "pooling_mode_mean_tokens": task["pooling"] == "mean",
        },
    )
    parts = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Normalize", "Normalize")] if task["normalize"] else [])
    write_json(
        os.path.join(target, "modules.json"),
        [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for index, (path, kind) in enumerate(parts)
        ],
    )
    if task["normalize"]:
        os.makedirs(os.path.join(target, "2_Normalize"), exist_ok=True)
    write_json(os.path.join(target, "sentence_bert_config.json"), {"max_seq_length": task["maxTokens"]})
    print("\n" + json.dumps({"inputs": names, "opset": OPSET, "dimension": config.hidden_size}))


main()
