import { byScore, type Neighbour } from './ann-index.ts';

/** Keeps the best `k` of what is offered: a binary heap with the worst of them on top. */
export class TopK {
  readonly #heap: Neighbour[] = [];
  /** Score that a newcomer must beat. */
  #floor = Number.NEGATIVE_INFINITY;

  constructor(readonly k: number) {}

  /** What scores less cannot get in. */
  get floor(): number {
    return this.#floor;
  }

  offer(slot: number, score: number): void {
    const full = this.#heap.length >= this.k;
    if (full && score < this.#floor) return;
    const entry = { slot, score };
    if (!full) {
      this.#heap.push(entry);
      this.#up(this.#heap.length - 1);
    } else {
      const worst = this.#heap[0];
      if (!worst || byScore(entry, worst) >= 0) return;
      this.#heap[0] = entry;
      this.#down(0);
    }
    if (this.#heap.length >= this.k) this.#floor = this.#heap[0]?.score ?? this.#floor;
  }

  sorted(): Neighbour[] {
    return [...this.#heap].sort(byScore);
  }

  #worse(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    return x !== undefined && y !== undefined && byScore(x, y) > 0;
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (!x || !y) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#worse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      let worst = at;
      if (left < this.#heap.length && this.#worse(left, worst)) worst = left;
      if (left + 1 < this.#heap.length && this.#worse(left + 1, worst)) worst = left + 1;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }
}
