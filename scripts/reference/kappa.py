"""Expected values of Cohen's kappa: python kappa.py > fixtures/reference/metrics/kappa.json

Needs scikit-learn (kappa) and statsmodels (its asymptotic interval, Wilson's interval of the agreement).
"""
import json

import numpy as np
import sklearn
import statsmodels
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

LABELS = ["base", "other", "tie"]


def case(name, a, b):
    table = np.array([[sum(1 for x, y in zip(a, b) if x == r and y == c) for c in LABELS] for r in LABELS])
    same = sum(1 for x, y in zip(a, b) if x == y)
    kappa = float(cohen_kappa_score(a, b))
    found = cohens_kappa(table)
    low, high = proportion_confint(same, len(a), method="wilson")
    told = not np.isnan(kappa)
    # A variance of 0 that was rounded below it has no root: the interval is a point.
    interval = {key: float(kappa if np.isnan(found[key]) else found[key]) for key in ("kappa_low", "kappa_upp")}
    return {
        "name": name,
        "pairs": [list(pair) for pair in zip(a, b)],
        "share": {"mean": same / len(a), "low": float(low), "high": float(high)},
        "kappa": {"value": kappa, "low": interval["kappa_low"], "high": interval["kappa_upp"]} if told else None,
    }


def drawn(seed, n, agree, shares):
    rng = np.random.default_rng(seed)
    a = [str(one) for one in rng.choice(LABELS, n, p=shares)]
    b = [x if rng.random() < agree else str(rng.choice(LABELS, p=shares)) for x in a]
    return a, b


cases = [
    case("all the same", *[["base", "other", "tie", "other"]] * 2),
    case("as by chance", ["base", "base", "other", "other"], ["base", "other", "base", "other"]),
    case("always opposite", ["base", "other"] * 10, ["other", "base"] * 10),
    case("one rater never changes", ["tie"] * 12, ["base", "other", "tie"] * 4),
    case("both say one thing", ["tie"] * 9, ["tie"] * 9),
    case("drawn 40", *drawn(1, 40, 0.7, [0.4, 0.4, 0.2])),
    case("drawn 300, uneven", *drawn(2, 300, 0.5, [0.1, 0.8, 0.1])),
    case("drawn 1000, weak", *drawn(3, 1000, 0.15, [0.3, 0.3, 0.4])),
]
made_by = {"scikit-learn": sklearn.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__}
print(json.dumps({"made_by": made_by, "cases": cases}, indent=1))
