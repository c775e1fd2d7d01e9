"""Prints, as the last line of stdout, JSON of the settings an engine takes, and its version.

Argument: llamafactory (the keys of its training file) or flagembedding (the flags of its encoder-only training).
"""

import dataclasses
import importlib.metadata
import json
import sys


def parts_of(engine):
    if engine == "llamafactory":
        from llamafactory.hparams.parser import _TRAIN_ARGS

        return _TRAIN_ARGS
    from FlagEmbedding.finetune.embedder.encoder_only import base

    return (
        base.EncoderOnlyEmbedderModelArguments,
        base.EncoderOnlyEmbedderDataArguments,
        base.EncoderOnlyEmbedderTrainingArguments,
    )


def main():
    engine = sys.argv[1]
    names = sorted({field.name for part in parts_of(engine) for field in dataclasses.fields(part) if field.init})
    sys.stdout.write("\n" + json.dumps({"version": importlib.metadata.version(engine), "names": names}) + "\n")


main()
