# Loads one dataset of a folder with LLaMA-Factory's own loader and prints what it keeps, as one line of JSON.
# load_llamafactory.py DATASET_DIR DATASET MODEL STAGE(sft|rm) OUT
import json
import sys

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

folder, dataset, model, stage, out = sys.argv[1:]
model_args, data_args, training_args, _, _ = get_train_args(
    {
        "model_name_or_path": model,
        "stage": stage,
        "do_train": True,
        "finetuning_type": "lora",
        "dataset_dir": folder,
        "dataset": dataset,
        "template": "smollm2",
        "cutoff_len": 2048,
        "output_dir": out,
        "use_cpu": True,
        "overwrite_cache": True,
        "report_to": "none",
    }
)
module = load_tokenizer(model_args)
tokenizer = module["tokenizer"]
template = get_template_and_fix_tokenizer(tokenizer, data_args)
rows = get_dataset(template, model_args, data_args, training_args, stage=stage, **module)["train_dataset"]
keys = ["input_ids"] if stage == "sft" else ["chosen_input_ids", "rejected_input_ids"]
texts = [[tokenizer.decode(row[key]) for key in keys] for row in rows]
print("\n" + json.dumps({"rows": len(rows), "texts": texts}))
