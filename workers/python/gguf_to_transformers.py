"""Turns a GGUF model into a float32 Transformers folder that trains on what the GGUF says.

Arguments: the GGUF file; the folder to write. Prints, as the last line of stdout, JSON of what was corrected.

Transformers derives the tokenizer from the GGUF's vocabulary and does not take its special tokens over: for SmolLM2 it
says that a text ends with <|im_start|>, and an adapter trained on that never stops. Ids and chat template of the GGUF's
own metadata are therefore written over what was derived, and read back. float32, because bfloat16 is some twenty times
slower on a CPU without it.
"""

import json
import os
import sys

import torch
from gguf import GGUFReader
from transformers import AutoModelForCausalLM, AutoTokenizer


def metadata(reader, key):
    field = reader.get_field(key)
    return None if field is None else field.contents()


def patch(path, changes):
    content = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    content.update(changes)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)


def main():
    source, target = sys.argv[1], sys.argv[2]
    folder, name = os.path.split(os.path.abspath(source))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)

    reader = GGUFReader(source)
    vocabulary = metadata(reader, "tokenizer.ggml.tokens")
    template = metadata(reader, "tokenizer.chat_template")
    ids = {
        kind: metadata(reader, f"tokenizer.ggml.{key}_token_id")
        for kind, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
    }
    ids = {kind: int(value) for kind, value in ids.items() if value is not None}
    corrected = {
        f"{kind}_token_id": [getattr(tokenizer, f"{kind}_token_id"), value]
        for kind, value in ids.items()
        if getattr(tokenizer, f"{kind}_token_id") != value
    }
    changes = {f"{kind}_token": vocabulary[value] for kind, value in ids.items()}
    if template:
        if tokenizer.chat_template != template:
            corrected["chat_template"] = ["as derived", "as in the GGUF"]
        changes["chat_template"] = template
        with open(os.path.join(target, "chat_template.jinja"), "w", encoding="utf-8") as file:
            file.write(template)
    patch(os.path.join(target, "tokenizer_config.json"), changes)
    token_ids = {f"{kind}_token_id": value for kind, value in ids.items()}
    patch(os.path.join(target, "config.json"), token_ids)
    patch(os.path.join(target, "generation_config.json"), token_ids)

    again = AutoTokenizer.from_pretrained(target)
    for kind, value in ids.items():
        if getattr(again, f"{kind}_token_id") != value:
            raise SystemExit(f"the {kind} token is {getattr(again, f'{kind}_token_id')} and should be {value}")
    if template and again.chat_template != template:
        raise SystemExit("the chat template is not the one of the GGUF")
    print("\n" + json.dumps({**token_ids, "corrected": corrected, "parameters": model.num_parameters()}))


main()
