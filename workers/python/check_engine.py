"""Imports an engine and prints, as the last line of stdout, JSON of versions and devices.

Arguments: modules to import, comma separated; distributions whose versions are wanted ("a|b": whichever is there; "a?": if it is there).
"""

import importlib
import importlib.metadata
import json
import os
import sys


def version_of(choice):
    for name in choice.rstrip("?").split("|"):
        try:
            return name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if choice.endswith("?"):
        return None
    raise SystemExit(f"none of {choice} is installed")


def main():
    modules, distributions = sys.argv[1].split(","), sys.argv[2].split(",")
    for module in modules:
        importlib.import_module(module)
    import torch

    cuda = torch.cuda.is_available()
    devices = (
        [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        if cuda
        else [f"{os.cpu_count()} CPU threads"]
    )
    answer = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "versions": dict(filter(None, map(version_of, distributions))),
        "device": "cuda" if cuda else "cpu",
        "devices": devices,
    }
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


main()
