"""Measures an embedder on held-out questions, in the middle of its training.

The questions and the pool they are searched in come from a JSON file {queries: [{text, prompt?, gold: [place], neg:
[place]}], passages: [text]}; places are those of the pool. Pooling, normalisation, instruction, lengths and temperature
are the training's own.
"""

import json
import math
import time

import torch

BATCH = 32
DEPTHS = (1, 5, 10)


def ranking(scores):
    """Places by falling score; of equal ones the first comes first, as in any stable sort."""
    return torch.sort(scores, descending=True, stable=True).indices.tolist()


def rank_numbers(ranked, gold):
    """recall@k (the share of the gold passages), MRR@10 and nDCG@10 (binary gains) of one question."""
    found = [place in gold for place in ranked[: max(DEPTHS)]]
    first = next((rank for rank, hit in enumerate(found) if hit), None)
    gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(found) if hit)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(gold), max(DEPTHS))))
    numbers = {f"recall@{k}": sum(found[:k]) / len(gold) for k in DEPTHS}
    return {**numbers, "mrr@10": 0.0 if first is None else 1 / (first + 1), "ndcg@10": gain / ideal}


def cut(vectors, dimension, normalize):
    part = vectors[:, :dimension]
    return torch.nn.functional.normalize(part, dim=-1) if normalize else part


class Cancelled(Exception):
    pass


class HeldOut:
    def __init__(self, path, runner, cancelled):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        self.queries = content["queries"]
        self.passages = content["passages"]
        self.runner = runner
        self.cancelled = cancelled

    def measure(self):
        """The numbers by name; None when the training is asked to stop meanwhile."""
        wrapper = self.runner.model
        was_training = wrapper.training
        wrapper.eval()
        try:
            return self._measure()
        except Cancelled:
            return None
        finally:
            wrapper.train(was_training)

    @torch.no_grad()
    def _measure(self):
        started = time.monotonic()
        wrapper = self.runner.model
        data = self.runner.data_args
        asked = [self._question(query, data) for query in self.queries]
        told = self.passages
        if data.passage_instruction_for_retrieval is not None:
            instruction = data.passage_instruction_for_retrieval
            told = [data.passage_instruction_format.format(instruction, text) for text in told]
        queries = self._encode(asked, data.query_max_len)
        passages = self._encode(told, data.passage_max_len)
        whole = queries.size(-1)
        dimensions = [whole]
        if wrapper.use_mrl:
            dimensions = sorted({whole, *(min(size, whole) for size in wrapper.mrl_dims)}, reverse=True)
        numbers = {}
        for dimension in dimensions:
            ending = "" if dimension == whole else f"/{dimension}"
            q, p = (cut(vectors, dimension, wrapper.normalize_embeddings) for vectors in (queries, passages))
            for name, value in self._ranks(q, p).items():
                # Of a shortened vector only what compares it with the whole one.
                if ending == "" or name == "mrr@10":
                    numbers[f"eval_{name}{ending}"] = value
        numbers["eval_loss"] = self._loss(queries, passages)
        numbers["eval_runtime"] = round(time.monotonic() - started, 3)
        return numbers

    @staticmethod
    def _question(query, data):
        if data.query_instruction_for_retrieval is None:
            return query["text"]
        instruction = query.get("prompt", data.query_instruction_for_retrieval)
        return data.query_instruction_format.format(instruction, query["text"])

    def _encode(self, texts, most):
        wrapper, tokenizer = self.runner.model, self.runner.tokenizer
        encoded = tokenizer(texts, truncation=True, max_length=most)
        order = sorted(range(len(texts)), key=lambda at: len(encoded["input_ids"][at]))
        device = next(wrapper.parameters()).device
        vectors = [None] * len(texts)
        for start in range(0, len(order), BATCH):
            if self.cancelled():
                raise Cancelled
            batch = order[start : start + BATCH]
            picked = {name: [values[at] for at in batch] for name, values in encoded.items()}
            features = tokenizer.pad(picked, padding=True, return_tensors="pt").to(device)
            states = wrapper.model(**features, return_dict=True).last_hidden_state
            pooled = wrapper._sentence_embedding(states, features["attention_mask"]).float().cpu()
            for at, vector in zip(batch, pooled):
                vectors[at] = vector
        return torch.stack(vectors)

    def _ranks(self, queries, passages):
        sums = {}
        for query, vector in zip(self.queries, queries):
            ranked = ranking(passages @ vector)
            for name, value in rank_numbers(ranked, set(query["gold"])).items():
                sums[name] = sums.get(name, 0.0) + value
        return {name: value / len(self.queries) for name, value in sums.items()}

    def _loss(self, queries, passages):
        """The training's loss on batches of its size, without a teacher: the group of every question of the batch counts."""
        wrapper, arguments = self.runner.model, self.runner.training_args
        size = max(1, self.runner.batch_size)
        sizes = wrapper.mrl_dims if wrapper.use_mrl else [queries.size(-1)]
        total = 0.0
        for start in range(0, len(self.queries), size):
            batch = range(start, min(start + size, len(self.queries)))
            places, targets = [], []
            for at in batch:
                targets.append(len(places))
                places.extend(self._group(self.queries[at]))
            for dimension in sizes:
                q = cut(queries[start : start + len(batch)], dimension, wrapper.normalize_embeddings)
                p = cut(passages[places], dimension, wrapper.normalize_embeddings)
                loss = torch.nn.functional.cross_entropy(q @ p.T / arguments.temperature, torch.tensor(targets))
                total += loss.item() * len(batch) / len(sizes)
        return total / len(self.queries)

    def _group(self, query):
        wanted = self.runner.data_args.train_group_size - 1
        neg = query["neg"]
        return query["gold"][:1] + [neg[at % len(neg)] for at in range(wanted if neg else 0)]
