"""Copies a Transformers folder with its weights as float32.

Arguments: the folder; the folder to write. Prints, as the last line of stdout, JSON with the number of parameters. The
numbers are widened, nothing else: tokenizer, chat template and configuration stay what they are but for the dtype.
"""

import json
import os
import shutil
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file

WEIGHTS = (".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".gguf")


def main():
    source, target = sys.argv[1:3]
    tensors = {}
    for name in sorted(os.listdir(source)):
        path = os.path.join(source, name)
        if name.endswith(".safetensors"):
            with safe_open(path, framework="pt") as file:
                for key in file.keys():
                    tensors[key] = file.get_tensor(key).to(torch.float32)
        elif os.path.isfile(path) and not name.endswith(WEIGHTS) and name != "manifest.json":
            shutil.copyfile(path, os.path.join(target, name))
    save_file(tensors, os.path.join(target, "model.safetensors"), metadata={"format": "pt"})
    config = os.path.join(target, "config.json")
    with open(config, encoding="utf-8") as file:
        content = json.load(file)
    content.pop("torch_dtype", None)
    content["dtype"] = "float32"
    with open(config, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
    answer = {"corrected": {}, "parameters": sum(one.numel() for one in tensors.values())}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


main()
