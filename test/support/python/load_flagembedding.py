# Reads every row of a training file with FlagEmbedding's own dataset and prints what it gives, as one line of JSON.
# load_flagembedding.py FILE GROUP_SIZE INSTRUCTION
import json
import sys

from FlagEmbedding.abc.finetune.embedder import AbsEmbedderDataArguments
from FlagEmbedding.abc.finetune.embedder.AbsDataset import AbsEmbedderTrainDataset

file, group, instruction = sys.argv[1:]
args = AbsEmbedderDataArguments(
    train_data=[file],
    train_group_size=int(group),
    query_max_len=64,
    passage_max_len=64,
    query_instruction_for_retrieval=instruction or None,
    query_instruction_format="{}{}",
)
rows = AbsEmbedderTrainDataset(args, tokenizer=None)
texts = [rows[at] for at in range(len(rows))]
print("\n" + json.dumps({"rows": len(rows), "queries": [text[0] for text in texts], "passages": [len(text[1]) for text in texts]}))
