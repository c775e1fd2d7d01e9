/** What a measure may be at most or must be at least (design §10); on its value unless it says ratio. */
export interface Budget {
  readonly most?: number;
  readonly least?: number;
  readonly of?: 'value' | 'ratio';
}

/** One line of the table. `value` is a median over rounds when `min` and `max` are given. */
export interface BenchRow {
  readonly measure: string;
  readonly value: number;
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly budget?: Budget;
  /** Ours / theirs, both of this run: the median of the rounds' own ratios. */
  readonly ratio?: number;
  readonly note?: string;
}

export interface BenchContext {
  /** Fewer rounds and texts: says whether all works, and only roughly how fast. */
  readonly quick: boolean;
  /** `--chunks`: how many a benchmark of size makes, instead of its own number. */
  readonly chunks?: number | undefined;
  /** An empty folder, removed at the end. */
  readonly scratch: string;
  /** CMRC2018 and Financial-QA-10k, when they lie beside the repository. */
  readonly data: string | undefined;
  /** Says what is being done. */
  log(text: string): void;
  /** Called at the end of the benchmark whatever happened, last one first. */
  defer(clean: () => void | Promise<void>): void;
}

export interface Benchmark {
  readonly name: string;
  /** In one line, for the head of its table. */
  readonly about: string;
  run(context: BenchContext): Promise<readonly BenchRow[]>;
}
