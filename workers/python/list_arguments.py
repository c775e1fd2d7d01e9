"""Prints, as the last line of stdout, JSON of the settings LLaMA-Factory takes in a training file, and its version."""

import dataclasses
import importlib.metadata
import json
import sys

from llamafactory.hparams.parser import _TRAIN_ARGS


def main():
    names = sorted({field.name for part in _TRAIN_ARGS for field in dataclasses.fields(part) if field.init})
    answer = {"version": importlib.metadata.version("llamafactory"), "names": names}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


main()
