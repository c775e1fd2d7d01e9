"""Expected strengths: python bradley_terry.py > fixtures/reference/comparisons/bradley-terry.json

Needs numpy and scipy. Maximises the log posterior with scipy's BFGS from its values alone, and takes the curvature from
central differences: nothing is shared with Newton's method and the closed derivatives of src/rag/comparisons.
"""
import json

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

Z95 = 1.959963984540054


def negative_log_posterior(theta, ballots, sd):
    total = -np.sum(theta**2) / (2 * sd**2)
    for ballot in ballots:
        everyone = logsumexp(theta[ballot["among"]])
        total += np.mean(theta[ballot["best"]]) - everyone
    return -total


def curvature(f, x, h=1e-3):
    """Fourth-order central differences, along each pair of axes."""
    n = len(x)
    eye = np.eye(n) * h
    steps = [(-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12)]
    result = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            result[i, j] = sum(a * b * f(x + p * eye[i] + q * eye[j]) for p, a in steps for q, b in steps) / h**2
    return (result + result.T) / 2


def expected(players, ballots, sd):
    def f(theta):
        return negative_log_posterior(theta, ballots, sd)

    theta = np.zeros(players)
    for _ in range(5):
        theta = minimize(f, theta, method="BFGS", options={"gtol": 1e-12, "maxiter": 10000}).x
    cov = np.linalg.inv(curvature(f, theta))
    contrast = np.eye(players) - 1 / players
    variances = np.diag(contrast @ cov @ contrast.T)
    first = np.zeros(players)
    first[0], first[1] = 1, -1
    return {
        "strength": (theta - theta.mean()).tolist(),
        "margin": (Z95 * np.sqrt(variances)).tolist(),
        "differenceError": float(np.sqrt(first @ cov @ first)),
    }


def random_ballots(rng, players, count, shown, tie_rate):
    truth = rng.normal(0, 1, players)
    ballots = []
    for _ in range(count):
        among = rng.permutation(players)[: rng.integers(2, shown + 1)]
        if rng.random() < tie_rate:
            best = among
        else:
            chances = np.exp(truth[among])
            best = [rng.choice(among, p=chances / chances.sum())]
        ballots.append({"among": [int(a) for a in among], "best": [int(b) for b in best]})
    return ballots


rng = np.random.default_rng(1952)
cases = {
    "one vote": (2, [{"among": [0, 1], "best": [0]}]),
    "one tie": (2, [{"among": [1, 0], "best": [1, 0]}]),
    "always the same one": (3, [{"among": [0, 1, 2], "best": [0]}] * 20),
    "two, often": (2, [{"among": [0, 1], "best": [int(i % 4 == 0)]} for i in range(40)]),
    "two islands": (4, [{"among": [0, 1], "best": [0]}] * 3 + [{"among": [2, 3], "best": [3]}] * 5),
    "pairs": (4, random_ballots(rng, 4, 60, 2, 0.1)),
    "up to six": (6, random_ballots(rng, 6, 200, 6, 0.15)),
}
json.dump(
    [{"name": name, "players": n, "ballots": ballots, **expected(n, ballots, 2.0)} for name, (n, ballots) in cases.items()],
    __import__("sys").stdout,
)
