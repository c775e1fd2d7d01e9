"""Runs FlagEmbedding's encoder-only training and writes its numbers as they come.

Arguments: the JSONL file for the numbers; then FlagEmbedding's own. The engine itself only prints them, without the
step; here every row carries step and total, in the form of LLaMA-Factory's trainer_log.jsonl.
"""

import json
import sys

from FlagEmbedding.finetune.embedder.encoder_only.base import (
    EncoderOnlyEmbedderDataArguments,
    EncoderOnlyEmbedderModelArguments,
    EncoderOnlyEmbedderRunner,
    EncoderOnlyEmbedderTrainingArguments,
)
from transformers import HfArgumentParser, TrainerCallback

NAMES = {"loss": "loss", "eval_loss": "eval_loss", "learning_rate": "lr", "grad_norm": "grad_norm", "epoch": "epoch"}


class NumbersCallback(TrainerCallback):
    def __init__(self, path):
        self.path = path

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not state.is_world_process_zero or not logs or not ("loss" in logs or "eval_loss" in logs):
            return
        row = {"current_steps": state.global_step, "total_steps": state.max_steps}
        row.update({ours: float(logs[theirs]) for theirs, ours in NAMES.items() if theirs in logs})
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def main():
    numbers = sys.argv.pop(1)
    parser = HfArgumentParser(
        (EncoderOnlyEmbedderModelArguments, EncoderOnlyEmbedderDataArguments, EncoderOnlyEmbedderTrainingArguments)
    )
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    runner = EncoderOnlyEmbedderRunner(model_args=model_args, data_args=data_args, training_args=training_args)
    runner.trainer.add_callback(NumbersCallback(numbers))
    runner.run()


if __name__ == "__main__":
    main()
