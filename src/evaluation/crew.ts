/**
 * Works off a queue, so many pieces at a time as there are places; places may change and pieces be added while it works.
 * The first error keeps new pieces from being begun.
 */
export class Crew<T> {
  readonly #queue: T[];
  readonly #work: (piece: T) => Promise<void>;
  readonly #over: () => void;
  #places: number;
  #busy = 0;
  #failure: { readonly error: unknown } | undefined;
  #end = () => {};
  #working = false;
  /** What is told that nothing is left may change places: that must not tell it again. */
  #emptying = false;

  /** `onEmpty` is called when nothing is left, and may add pieces. */
  constructor(
    pieces: readonly T[],
    options: { readonly places: number; readonly work: (piece: T) => Promise<void>; readonly onEmpty?: () => void },
  ) {
    this.#queue = [...pieces];
    this.#places = options.places;
    this.#work = options.work;
    this.#over = options.onEmpty ?? (() => {});
  }

  get places(): number {
    return this.#places;
  }

  set places(count: number) {
    this.#places = count;
    if (this.#working) this.#fill();
  }

  /** Pieces in work. */
  get busy(): number {
    return this.#busy;
  }

  /** Behind all that wait. */
  add(pieces: readonly T[]): void {
    this.#queue.push(...pieces);
    if (this.#working) this.#fill();
  }

  /** Drops what waits; what is in work ends by itself. */
  drop(): void {
    this.#queue.length = 0;
  }

  /** Resolves when all is done; rejects with the first error once what was in work has ended. */
  async all(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      this.#working = true;
      this.#fill();
    });
    this.#working = false;
    if (this.#failure) throw this.#failure.error;
  }

  #fill(): void {
    while (this.#busy < this.#places) {
      const piece = this.#queue.shift();
      if (piece === undefined) break;
      this.#busy += 1;
      void this.#do(piece);
    }
    if (this.#busy > 0 || this.#queue.length > 0) return;
    if (this.#emptying) return;
    this.#emptying = true;
    this.#over();
    this.#emptying = false;
    if (this.#busy === 0 && this.#queue.length === 0) this.#end();
  }

  async #do(piece: T): Promise<void> {
    try {
      await this.#work(piece);
    } catch (error) {
      this.#failure ??= { error };
      this.drop();
    }
    this.#busy -= 1;
    this.#fill();
  }
}
