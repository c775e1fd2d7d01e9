"""Turns a GGUF model into a float32 Transformers folder that trains on what the GGUF says.

Arguments: the GGUF file; the folder to write; "tokenizer" for that alone (a GGUF need not have weights then). Prints, as the last line of stdout, JSON of what was corrected.

Transformers derives the tokenizer from the GGUF's vocabulary and does not take its special tokens over: for SmolLM2 it
says that a text ends with <|im_start|>, and an adapter trained on that never stops. Ids and chat template of the GGUF's
own metadata are therefore written over what was derived, and read back. It also cuts every text as GPT-2 does, whatever
the GGUF says: SmolLM2 takes each digit for itself, so numbers would be trained on as other tokens than are served. How
text is cut is therefore written as llama.cpp does it (`tokenizer.ggml.pre`; the patterns are those the models' own
tokenizer.json have). float32, because bfloat16 is some twenty times slower on a CPU without it.
"""

import json
import os
import sys

import torch
from gguf import GGUFReader
from transformers import AutoModelForCausalLM, AutoTokenizer

CONTROL, USER_DEFINED = 3, 4


def byte_level(split):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": split}


def in_turn(*patterns):
    splits = [
        {"type": "Split", "pattern": {"Regex": one}, "behavior": "Isolated", "invert": False} for one in patterns
    ]
    return {"type": "Sequence", "pretokenizers": [*splits, byte_level(False)]}


def by_regex(numbers):
    return in_turn(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
        + numbers
        + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )


DIGITS = {"type": "Digits", "individual_digits": True}
# By llama.cpp's names (its `llm_tokenizer_bpe`); ids equal its own, see test/engines/tokenizer.test.ts.
PRE_TOKENIZERS = {
    "default": in_turn(
        r"[\p{P}\$\+<=>\^~\|]+",
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
        r"\p{N}+",
        r"[0-9][0-9][0-9]",
    ),
    "gpt-2": byte_level(True),
    "smollm": {"type": "Sequence", "pretokenizers": [DIGITS, byte_level(True)]},
    "qwen2": by_regex(r"\p{N}"),
    "llama-bpe": by_regex(r"\p{N}{1,3}"),
}


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


def mend_tokenizer(path, reader, corrected):
    """Writes how text is cut, and the control tokens, as the GGUF has them."""
    model, pre = metadata(reader, "tokenizer.ggml.model"), metadata(reader, "tokenizer.ggml.pre") or "default"
    if model != "gpt2":
        return
    if pre not in PRE_TOKENIZERS:
        known = ", ".join(PRE_TOKENIZERS)
        raise SystemExit(f"the GGUF cuts text as {pre!r}, which cannot be trained on as it is served (known: {known})")
    with open(path, encoding="utf-8") as file:
        content = json.load(file)
    tokens, types = metadata(reader, "tokenizer.ggml.tokens"), metadata(reader, "tokenizer.ggml.token_type")
    added = {token["id"]: token for token in content["added_tokens"]}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    for token_id, kind in enumerate(types or []):
        if kind in (CONTROL, USER_DEFINED) and token_id not in added:
            special = kind == CONTROL
            added[token_id] = {"id": token_id, "content": tokens[token_id], **plain, "special": special}
            corrected[f"token {tokens[token_id]}"] = ["text", "control token" if special else "one token"]
    if content["pre_tokenizer"] != PRE_TOKENIZERS[pre]:
        corrected["pre_tokenizer"] = ["gpt-2", pre]
    content["added_tokens"] = [added[token_id] for token_id in sorted(added)]
    content["pre_tokenizer"] = PRE_TOKENIZERS[pre]
    # Some cut words into pieces the merges never join: a word that is a token as a whole is taken as it is.
    content["model"]["ignore_merges"] = pre == "llama-bpe"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)


def control_ids(reader):
    ids = {
        kind: metadata(reader, f"tokenizer.ggml.{key}_token_id")
        for kind, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
    }
    return {kind: int(value) for kind, value in ids.items() if value is not None}


def write_tokenizer(tokenizer, reader, target):
    """The tokenizer as the GGUF means it. Returns what was derived otherwise."""
    tokenizer.save_pretrained(target)
    vocabulary = metadata(reader, "tokenizer.ggml.tokens")
    template = metadata(reader, "tokenizer.chat_template")
    ids = control_ids(reader)
    corrected = {
        f"{kind}_token_id": [getattr(tokenizer, f"{kind}_token_id"), value]
        for kind, value in ids.items()
        if getattr(tokenizer, f"{kind}_token_id") != value
    }
    mend_tokenizer(os.path.join(target, "tokenizer.json"), reader, corrected)
    changes = {f"{kind}_token": vocabulary[value] for kind, value in ids.items()}
    if template:
        if tokenizer.chat_template != template:
            corrected["chat_template"] = ["as derived", "as in the GGUF"]
        changes["chat_template"] = template
        with open(os.path.join(target, "chat_template.jinja"), "w", encoding="utf-8") as file:
            file.write(template)
    patch(os.path.join(target, "tokenizer_config.json"), changes)

    again = AutoTokenizer.from_pretrained(target)
    for kind, value in ids.items():
        if getattr(again, f"{kind}_token_id") != value:
            raise SystemExit(f"the {kind} token is {getattr(again, f'{kind}_token_id')} and should be {value}")
    if template and again.chat_template != template:
        raise SystemExit("the chat template is not the one of the GGUF")
    return corrected


def main():
    source, target, only = sys.argv[1], sys.argv[2], sys.argv[3:]
    folder, name = os.path.split(os.path.abspath(source))
    reader = GGUFReader(source)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    corrected = write_tokenizer(tokenizer, reader, target)
    token_ids = {f"{kind}_token_id": value for kind, value in control_ids(reader).items()}
    parameters = 0
    if only != ["tokenizer"]:
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
        model.save_pretrained(target)
        patch(os.path.join(target, "config.json"), token_ids)
        patch(os.path.join(target, "generation_config.json"), token_ids)
        parameters = model.num_parameters()
    print("\n" + json.dumps({**token_ids, "corrected": corrected, "parameters": parameters}))


main()
