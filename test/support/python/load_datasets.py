# Reads a file as Hugging Face's datasets does and prints its rows, as one line of JSON. load_datasets.py TYPE FILE
import json
import sys

from datasets import load_dataset

kind, file = sys.argv[1:]
rows = load_dataset(kind, data_files=file, split="train")
print("\n" + json.dumps({"rows": len(rows), "columns": rows.column_names, "first": rows[0]}))
