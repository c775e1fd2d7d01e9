"""Makes the processes of one training stop at the same step when one of them is asked to.

Transformers saves a checkpoint on SIGTERM (`enable_jit_checkpoint`), each process when it sees its own signal: one that
sees it a step later than another waits for it for ever, and whoever is done first takes away the mark that a checkpoint is
not whole. Here they ask each other at the end of every step, and the mark goes when all are done.
"""

import os

import torch
import torch.distributed as dist
from transformers import trainer_jit_checkpoint as jit

INCOMPLETE = "checkpoint-is-incomplete.txt"


def stop_together():
    """Before a trainer is made. Changes nothing where there is one process."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return
    callback = jit.JITCheckpointCallback
    # Only the end of a step is the same moment for all.
    callback.on_pre_optimizer_step = callback.on_step_begin = callback.on_epoch_end = do_nothing
    callback.on_step_end = on_step_end
    jit.CheckpointManager.execute_jit_checkpoint = save_together


def do_nothing(self, args, state, control, **kwargs):
    pass


def on_step_end(self, args, state, control, **kwargs):
    manager = self.jit_manager
    if manager is None or not any_asked(manager.is_checkpoint_requested, args.device):
        return
    control.should_save = False
    control.should_training_stop = True
    manager.execute_jit_checkpoint()


def any_asked(asked, device):
    told = torch.tensor([1 if asked else 0], device=device)
    dist.all_reduce(told, op=dist.ReduceOp.MAX)
    return bool(told.item())


def save_together(manager):
    manager.is_checkpoint_requested = False
    trainer = manager.trainer
    folder = os.path.join(trainer._get_output_dir(trial=None), "checkpoint-%d" % trainer.state.global_step)
    mark = os.path.join(folder, INCOMPLETE)
    first = trainer.is_world_process_zero()
    if first:
        os.makedirs(folder, exist_ok=True)
        with open(mark, "w", encoding="utf-8") as file:
            file.write("begun at step %d" % trainer.state.global_step)
    dist.barrier()
    trainer._save_checkpoint(trainer.model, trial=None)
    dist.barrier()
    if first:
        os.remove(mark)
        print("Saved checkpoint-%d, and all processes stop" % trainer.state.global_step, flush=True)
