# Loads one dataset of a folder with LLaMA-Factory's own loader and prints how long its rows are, as one line of JSON.
# load_lengths.py DATASET_DIR DATASET MODEL CUTOFF OUT
import json
import sys

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

folder, dataset, model, cutoff, out = sys.argv[1:]
model_args, data_args, training_args, _, _ = get_train_args(
    {
        "model_name_or_path": model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "dataset_dir": folder,
        "dataset": dataset,
        "template": "smollm2",
        "cutoff_len": int(cutoff),
        "output_dir": out,
        "use_cpu": True,
        "overwrite_cache": True,
        "report_to": "none",
    }
)
module = load_tokenizer(model_args)
template = get_template_and_fix_tokenizer(module["tokenizer"], data_args)
rows = get_dataset(template, model_args, data_args, training_args, stage="sft", **module)["train_dataset"]
tokens = [len(row["input_ids"]) for row in rows]
answers = [sum(label != -100 for label in row["labels"]) for row in rows]
print("\n" + json.dumps({"tokens": tokens, "answers": answers}))
