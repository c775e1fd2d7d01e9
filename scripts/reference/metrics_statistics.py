"""Expected values of the statistics: python metrics_statistics.py > fixtures/reference/metrics/statistics.json

Needs numpy, scipy and statsmodels. Takes about a minute (the bootstrap reference draws 200,000 resamples).
"""
import json

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def paired(seed, contexts, most, shift, binary):
    """Paired scores of two columns, 1 to `most` items a context, with an effect shared inside each context."""
    rng = np.random.default_rng(seed)
    a, b, ids = [], [], []
    for c in range(contexts):
        shared = rng.normal(0, 0.15)
        for _ in range(rng.integers(1, most + 1)):
            base = np.clip(0.4 + shared + rng.normal(0, 0.2), 0, 1)
            tuned = np.clip(base + shift + shared / 2 + rng.normal(0, 0.15), 0, 1)
            if binary:
                base, tuned = float(base > 0.5), float(tuned > 0.5)
            a.append(round(float(base), 3))
            b.append(round(float(tuned), 3))
            ids.append(f"c{c}")
    return a, b, ids


def sums_of(values, ids):
    order = list(dict.fromkeys(ids))
    sums = np.array([sum(v for v, i in zip(values, ids) if i == c) for c in order])
    return sums, np.array([ids.count(c) for c in order], dtype=float)


def bootstrap(values, ids, seed):
    sums, sizes = sums_of(values, ids)
    result = stats.bootstrap(
        (sums, sizes),
        lambda s, n, axis=-1: s.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=200_000,
        batch=5000,
        method="BCa",
        random_state=np.random.default_rng(seed),
    )
    return [float(result.confidence_interval.low), float(result.confidence_interval.high)], float(result.standard_error)


def sign_flip(values, ids):
    sums, _ = sums_of(values, ids)
    moving = sums[sums != 0]
    exact = len(moving) <= 14
    if len(moving) < 2:
        return 1.0, True  # one cluster: both signs are as far from 0
    result = stats.permutation_test(
        (moving,),
        lambda x, axis=-1: np.round(x.sum(axis=axis), 9),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if exact else 200_000,
        batch=5000,
        random_state=np.random.default_rng(5),
    )
    return float(result.pvalue), exact


def robust_error(values, ids):
    codes = np.unique(ids, return_inverse=True)[1]
    fit = sm.OLS(np.array(values), np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": codes})
    return float(fit.bse[0])


cases = []
for seed, contexts, most, shift, binary in [
    (1, 8, 3, 0.1, False),
    (2, 12, 4, 0.0, True),
    (3, 40, 2, 0.06, False),
    (4, 60, 1, 0.1, True),
    (5, 30, 6, -0.08, False),
    (6, 50, 4, 0.02, True),
    (7, 10, 2, 0.0, True),
]:
    a, b, ids = paired(seed, contexts, most, shift, binary)
    d = [round(y - x, 3) for x, y in zip(a, b)]
    interval, error = bootstrap(d, ids, seed)
    p, exact = sign_flip(d, ids)
    gained, lost = sum(x > 0 for x in d), sum(x < 0 for x in d)
    cases.append(
        {
            "a": a,
            "b": b,
            "clusters": ids,
            "binary": binary,
            "difference": float(np.mean(d)),
            "bca": interval,
            "bootstrapError": error,
            "clusteredError": robust_error(d, ids),
            "signFlip": {"p": p, "exact": exact},
            "mcnemar": float(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue),
        }
    )

xs = [-12.0, -8.0, -5.5, -3.6, -3.5, -2.0, -1.0, -0.3, 0.0, 0.5, 1.96, 2.8, 3.54, 4.5, 7.0]
ps = [1e-12, 1e-9, 1e-5, 0.001, 0.025, 0.2, 0.4999, 0.5, 0.8, 0.975, 0.9999]
print(
    json.dumps(
        {
            "cdf": [{"x": x, "p": float(stats.norm.cdf(x))} for x in xs],
            "quantile": [{"p": p, "x": float(stats.norm.ppf(p))} for p in ps],
            "wilson": [
                {"hits": k, "n": n, "confidence": c, "low": float(low), "high": float(high)}
                for k, n, c in [(21, 1002, 0.95), (53, 1002, 0.95), (398, 1002, 0.95), (548, 700, 0.95), (0, 60, 0.95), (60, 60, 0.95), (3, 7.5, 0.9), (1, 1, 0.99)]
                for low, high in [proportion_confint(k, n, alpha=1 - c, method="wilson")]
            ],
            "mcnemar": [
                {"gained": b, "lost": c, "p": float(stats.binomtest(b, b + c, 0.5).pvalue)}
                for b, c in [(1, 0), (5, 5), (10, 2), (30, 12), (85, 55), (400, 350), (1500, 1300), (0, 12), (7, 8)]
            ],
            "holm": [
                {"p": p, "adjusted": [float(x) for x in multipletests(p, method="holm")[1]]}
                for p in ([0.01, 0.04, 0.03], [0.5], [0.2, 0.2, 0.001, 0.9])
            ],
            "paired": cases,
        },
        indent=1,
    )
)
