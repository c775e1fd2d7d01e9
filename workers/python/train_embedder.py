"""Runs FlagEmbedding's encoder-only training and writes its numbers as they come.

Arguments: a JSON file {numbers, heldOut: file or null, best: folder or null}; then FlagEmbedding's own. The engine itself only prints its
numbers, without the step, and evaluates nothing; here every row carries step and total, in the form of LLaMA-Factory's
trainer_log.jsonl, and the held-out questions are searched before the first step, at each save and at the end. The
weights that found them best are kept in the folder `best`, with `step.json`, when there is one.
"""

import json
import os
import re
import shutil
import sys

import together
import torch
from FlagEmbedding.finetune.embedder.encoder_only.base import (
    EncoderOnlyEmbedderDataArguments,
    EncoderOnlyEmbedderModelArguments,
    EncoderOnlyEmbedderRunner,
    EncoderOnlyEmbedderTrainingArguments,
)
from held_out import HeldOut
from transformers import HfArgumentParser, TrainerCallback, TrainerState
from transformers.trainer_jit_checkpoint import JITCheckpointCallback

NAMES = {"loss": "loss", "learning_rate": "lr", "grad_norm": "grad_norm", "epoch": "epoch"}


class Numbers:
    """The JSONL file of rows."""

    def __init__(self, path):
        self.path = path

    def add(self, state, values):
        row = {"current_steps": state.global_step, "total_steps": state.max_steps, **values}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def measured(self, step):
        """Whether an earlier session measured this step."""
        if not os.path.exists(self.path):
            return False
        with open(self.path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.endswith("}\n")]
        return any(row.get("current_steps") == step and "eval_mrr@10" in row for row in rows)


class NumbersCallback(TrainerCallback):
    def __init__(self, numbers):
        self.numbers = numbers

    def on_log(self, args, state, control, logs=None, **kwargs):
        if state.is_world_process_zero and logs and "loss" in logs:
            self.numbers.add(state, {ours: float(logs[theirs]) for theirs, ours in NAMES.items() if theirs in logs})

    def on_train_end(self, args, state, control, **kwargs):
        # Not every step is logged: this row says how far it came.
        if state.is_world_process_zero:
            self.numbers.add(state, {})


class Best:
    """Keeps the weights of the step with the highest MRR@10; of equal ones the first. Step 0 is the base: not kept."""

    def __init__(self, folder, runner):
        self.folder = folder
        self.runner = runner

    def offer(self, step, value):
        if step == 0 or value <= self._known(step):
            return
        fresh = self.folder + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.runner.model.save(fresh)
        self.runner.tokenizer.save_pretrained(fresh)
        with open(os.path.join(fresh, "step.json"), "w", encoding="utf-8") as file:
            json.dump({"step": step, "mrr@10": value}, file)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.rename(fresh, self.folder)

    def _known(self, step):
        path = os.path.join(self.folder, "step.json")
        if not os.path.exists(path):
            return -1
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
        # A later one was kept before a kill whose resume went back behind it: that step will be done again.
        return known["mrr@10"] if known["step"] < step else -1


class HeldOutCallback(TrainerCallback):
    def __init__(self, numbers, held_out, best):
        self.numbers = numbers
        self.held_out = held_out
        self.best = best
        self.last = None

    def on_train_begin(self, args, state, control, **kwargs):
        # Also after a resume: the session before may have ended between its checkpoint and these numbers.
        self.measure(state)

    def on_save(self, args, state, control, **kwargs):
        self.measure(state)

    def on_train_end(self, args, state, control, **kwargs):
        if state.global_step >= state.max_steps:
            self.measure(state)

    def measure(self, state):
        if not state.is_world_process_zero or self.last == state.global_step or self.numbers.measured(state.global_step):
            return
        self.numbers.add(state, {"phase": "evaluating"})
        values = self.held_out.measure()
        self.last = state.global_step
        if values is not None:
            if self.best is not None:
                self.best.offer(state.global_step, values["eval_mrr@10"])
            self.numbers.add(state, values)


def stop_asked(trainer):
    """Whether the trainer was told to stop and only waits for the end of its step."""
    managers = [one.jit_manager for one in trainer.callback_handler.callbacks if isinstance(one, JITCheckpointCallback)]
    return lambda: any(manager is not None and manager.is_checkpoint_requested for manager in managers)


def load_what_is_saved(wrapper):
    """FlagEmbedding saves the encoder and would load it into the wrapper around it, where no name fits."""
    encoder = wrapper.model
    wrapper.load_state_dict = lambda state, strict=True, assign=False: encoder.load_state_dict(state, strict, assign)


def main():
    with open(sys.argv.pop(1), encoding="utf-8") as file:
        ours = json.load(file)
    together.stop_together()
    parser = HfArgumentParser(
        (EncoderOnlyEmbedderModelArguments, EncoderOnlyEmbedderDataArguments, EncoderOnlyEmbedderTrainingArguments)
    )
    model_args, data_args, training_args = parser.parse_args_into_dataclasses()
    # Another turn of the same run (a queue's, say) is started with the very same arguments.
    training_args.resume_from_checkpoint = newest_checkpoint(training_args.output_dir, training_args.resume_from_checkpoint)
    # FlagEmbedding makes it 1 for some kinds of data.
    batch_size = training_args.per_device_train_batch_size
    runner = EncoderOnlyEmbedderRunner(model_args=model_args, data_args=data_args, training_args=training_args)
    runner.batch_size = batch_size
    if any(weight.dtype in (torch.float16, torch.bfloat16) for weight in runner.model.parameters()):
        print("The base is of half precision: trained and saved as float32")
        runner.model.float()
    load_what_is_saved(runner.model)
    numbers = Numbers(ours["numbers"])
    runner.trainer.add_callback(NumbersCallback(numbers))
    if ours["heldOut"] is not None:
        held_out = HeldOut(ours["heldOut"], runner, stop_asked(runner.trainer))
        best = None if ours["best"] is None else Best(ours["best"], runner)
        runner.trainer.add_callback(HeldOutCallback(numbers, held_out, best))
    if came_to_its_end(training_args.resume_from_checkpoint):
        # The engine would do a step too many.
        finish(runner)
    else:
        runner.run()


def newest_checkpoint(folder, given):
    """The last whole checkpoint in the engine's folder; the one that was given where there is no later one."""
    step = lambda path: int(path.rpartition("-")[2])
    names = os.listdir(folder) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if re.fullmatch(r"checkpoint-\d+", name)]
    whole = [
        path
        for path in paths
        if os.path.exists(os.path.join(path, "trainer_state.json"))
        and not os.path.exists(os.path.join(path, "checkpoint-is-incomplete.txt"))
    ]
    return max([*whole, *([given] if given else [])], key=step, default=None)


def came_to_its_end(checkpoint):
    if checkpoint is None:
        return False
    with open(os.path.join(checkpoint, "trainer_state.json"), encoding="utf-8") as file:
        state = json.load(file)
    return state["global_step"] >= state["max_steps"]


def finish(runner):
    """What is left to do of a training whose last step is saved: measure it, and write the weights."""
    trainer, checkpoint = runner.trainer, runner.training_args.resume_from_checkpoint
    trainer._load_from_checkpoint(checkpoint)
    trainer.state = TrainerState.load_from_json(os.path.join(checkpoint, "trainer_state.json"))
    trainer.state.is_world_process_zero = trainer.is_world_process_zero()
    trainer.callback_handler.on_train_end(trainer.args, trainer.state, trainer.control)
    trainer.save_model()


if __name__ == "__main__":
    main()
