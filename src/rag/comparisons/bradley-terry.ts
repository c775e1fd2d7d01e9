/** One person's preference among some of the players (indices). */
export interface Ballot {
  readonly among: readonly number[];
  /** One of them; all of them for a tie. */
  readonly best: readonly number[];
}

export interface Strengths {
  /** Log-odds, mean 0. */
  readonly strength: readonly number[];
  /** Half the width of the 95 % interval of each, against the mean of all. */
  readonly margin: readonly number[];
  /** Standard error of the difference between two players. */
  differenceError(a: number, b: number): number;
}

/** Standard deviation of the prior on log-odds: weak, but a player who won everything stays finite. */
const PRIOR_SD = 2;
const Z95 = 1.959963984540054;
const ROUNDS = 100;
const SMALLEST_STEP = 1e-6;
const CLOSE = 1e-8;

/**
 * Strengths of players by the model of Bradley and Terry (1952); where more than two are shown at once, by Luce's choice
 * axiom (1959), of which it is the case of two: P(i is best of S) = exp(θi) / Σ exp(θj). A tie counts as an equal part
 * of a choice for each. Normal prior N(0, priorSd²) on every θ; the mode is found by Newton's method; intervals are those of
 * the normal distribution at the mode with its curvature (Laplace), so one ballot is one observation however many
 * were shown.
 */
export function fitStrengths(players: number, all: readonly Ballot[], priorSd = PRIOR_SD): Strengths {
  const ballots = counted(all);
  let theta = new Array<number>(players).fill(0);
  let value = logPosterior(theta, ballots, priorSd);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { gradient, curvature } = derivatives(theta, ballots, priorSd);
    const step = solve(curvature, gradient);
    // The next error is about the square of this step: nothing is left to gain.
    if (Math.max(0, ...step.map(Math.abs)) < CLOSE) break;
    // Concave: a step that overshoots is halved until it gains.
    let size = 1;
    let next = moved(theta, step, size);
    let gained = logPosterior(next, ballots, priorSd);
    while (gained < value && size > SMALLEST_STEP) {
      size /= 2;
      next = moved(theta, step, size);
      gained = logPosterior(next, ballots, priorSd);
    }
    theta = next;
    value = gained;
  }
  const covariance = inverse(derivatives(theta, ballots, priorSd).curvature);
  const mean = theta.reduce((sum, one) => sum + one, 0) / Math.max(1, players);
  return {
    strength: theta.map((one) => one - mean),
    margin: theta.map((_, at) => Z95 * Math.sqrt(quadratic(covariance, fromMean(players, at)))),
    differenceError: (a, b) => Math.sqrt(quadratic(covariance, between(players, a, b))),
  };
}

/** Ballots that are alike as one of that weight: what is found takes as long for a thousand votes as for ten. */
function counted(all: readonly Ballot[]): Weighed[] {
  const found = new Map<string, Weighed>();
  for (const { among, best } of all) {
    const key = `${[...among].sort((a, b) => a - b).join()};${[...best].sort((a, b) => a - b).join()}`;
    found.set(key, { among, best, weight: (found.get(key)?.weight ?? 0) + 1 });
  }
  return [...found.values()];
}

interface Weighed extends Ballot {
  readonly weight: number;
}

const moved = (theta: readonly number[], step: readonly number[], size: number): number[] =>
  theta.map((one, at) => one + size * (step[at] ?? 0));

function logPosterior(theta: readonly number[], ballots: readonly Weighed[], priorSd: number): number {
  let sum = 0;
  for (const one of theta) sum -= (one * one) / (2 * priorSd * priorSd);
  for (const { among, best, weight } of ballots) {
    const strengths = among.map((player) => theta[player] ?? 0);
    const top = Math.max(...strengths);
    const all = top + Math.log(strengths.reduce((total, one) => total + Math.exp(one - top), 0));
    for (const player of best) sum += (weight * ((theta[player] ?? 0) - all)) / best.length;
  }
  return sum;
}

/** Gradient and negative Hessian of the log posterior. */
function derivatives(theta: readonly number[], ballots: readonly Weighed[], priorSd: number) {
  const precision = 1 / (priorSd * priorSd);
  const gradient = theta.map((one) => -one * precision);
  const curvature = theta.map((_, row) => theta.map((__, column) => (row === column ? precision : 0)));
  for (const { among, best, weight } of ballots) {
    const chances = softmax(among.map((player) => theta[player] ?? 0));
    for (const player of best) gradient[player] = (gradient[player] ?? 0) + weight / best.length;
    for (const [x, a] of among.entries()) {
      const p = chances[x] ?? 0;
      gradient[a] = (gradient[a] ?? 0) - weight * p;
      for (const [y, b] of among.entries()) {
        const row = curvature[a];
        if (row) row[b] = (row[b] ?? 0) + weight * ((a === b ? p : 0) - p * (chances[y] ?? 0));
      }
    }
  }
  return { gradient, curvature };
}

function softmax(values: readonly number[]): number[] {
  const top = Math.max(...values);
  const powers = values.map((one) => Math.exp(one - top));
  const total = powers.reduce((sum, one) => sum + one, 0);
  return powers.map((one) => one / total);
}

const fromMean = (players: number, at: number): number[] =>
  Array.from({ length: players }, (_, one) => (one === at ? 1 : 0) - 1 / players);
const between = (players: number, a: number, b: number): number[] =>
  Array.from({ length: players }, (_, one) => Number(one === a) - Number(one === b));

function quadratic(matrix: readonly (readonly number[])[], vector: readonly number[]): number {
  let sum = 0;
  for (const [i, row] of matrix.entries())
    for (const [j, value] of row.entries()) sum += (vector[i] ?? 0) * value * (vector[j] ?? 0);
  return Math.max(0, sum);
}

/** x of matrix · x = vector for a positive definite matrix, by Gauss elimination. */
function solve(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  const n = vector.length;
  const rows = matrix.map((row, at) => [...row, vector[at] ?? 0]);
  for (let pivot = 0; pivot < n; pivot += 1) {
    const from = rows[pivot] ?? [];
    for (const row of rows.slice(pivot + 1)) {
      const factor = (row[pivot] ?? 0) / (from[pivot] ?? 1);
      for (let at = pivot; at <= n; at += 1) row[at] = (row[at] ?? 0) - factor * (from[at] ?? 0);
    }
  }
  const result = new Array<number>(n).fill(0);
  for (let at = n - 1; at >= 0; at -= 1) {
    const row = rows[at] ?? [];
    let rest = row[n] ?? 0;
    for (let column = at + 1; column < n; column += 1) rest -= (row[column] ?? 0) * (result[column] ?? 0);
    result[at] = rest / (row[at] ?? 1);
  }
  return result;
}

/** Symmetric, so its columns are its rows. */
const inverse = (matrix: readonly (readonly number[])[]): number[][] =>
  matrix.map((_, at) =>
    solve(
      matrix,
      matrix.map((__, row) => Number(row === at)),
    ),
  );
