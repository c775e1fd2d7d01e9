"""Expected effects of a matrix run: python matrix.py > fixtures/reference/metrics/matrix.json

Needs numpy and scipy. LLM × embedder × context as a full 2 × 2 × 2 array (with the gold passage both embedders are the
same column), so that effects are means over its axes; intervals are scipy's BCa bootstrap over whole clusters.
"""
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(7)
scores, clusters = [], []
for c in range(40):
    shared = rng.normal(0, 0.1)
    for _ in range(rng.integers(1, 5)):
        cell = np.zeros((2, 2, 2))  # llm, embedder, context (0 retrieved, 1 gold)
        for llm in range(2):
            gold = 0.5 + 0.12 * llm + shared + rng.normal(0, 0.15)
            for emb in range(2):
                cell[llm, emb, 1] = gold
                cell[llm, emb, 0] = 0.3 + 0.05 * llm + 0.08 * emb + 0.1 * llm * emb + shared + rng.normal(0, 0.2)
        scores.append(np.round(np.clip(cell, 0, 1), 3))
        clusters.append(f"c{c}")
y = np.array(scores)  # item, llm, embedder, context
contrasts = {
    "llm": y[:, 1].mean(axis=(1, 2)) - y[:, 0].mean(axis=(1, 2)),
    "embedder": (y[:, :, 1, 0] - y[:, :, 0, 0]).mean(axis=1),
    "context": (y[..., 1] - y[..., 0]).mean(axis=(1, 2)),
    "llm×embedder": (y[:, 1, 1, 0] - y[:, 1, 0, 0]) - (y[:, 0, 1, 0] - y[:, 0, 0, 0]),
    "llm×context": (y[:, 1, :, 1] - y[:, 1, :, 0]).mean(axis=1) - (y[:, 0, :, 1] - y[:, 0, :, 0]).mean(axis=1),
}
order = list(dict.fromkeys(clusters))
ids = np.array([order.index(c) for c in clusters])


def effect(values):
    sums = np.bincount(ids, weights=values)
    sizes = np.bincount(ids).astype(float)
    found = stats.bootstrap(
        (sums, sizes),
        lambda s, n, axis=-1: s.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=200_000,
        batch=5000,
        method="BCa",
        random_state=np.random.default_rng(11),
    )
    flips = stats.permutation_test(
        (sums,),
        lambda x, axis=-1: np.round(x.sum(axis=axis), 9),
        permutation_type="samples",
        vectorized=True,
        n_resamples=200_000,
        batch=5000,
        random_state=np.random.default_rng(5),
    )
    low, high = found.confidence_interval
    return {
        "difference": float(values.mean()),
        "low": float(low),
        "high": float(high),
        "error": float(found.standard_error),
        "p": float(flips.pvalue),
    }


names = ["a+x", "a+y", "a+gold", "b+x", "b+y", "b+gold"]
cells = [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1)]
print(
    json.dumps(
        {
            "clusters": clusters,
            "scores": {name: y[:, l, e, c].tolist() for name, (l, e, c) in zip(names, cells)},
            "effects": {name: effect(values) for name, values in contrasts.items()},
        },
        indent=1,
    )
)
