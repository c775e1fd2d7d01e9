/** One series of a metric: its labels beside those that all share, and its value. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Counts of values by upper bound, as Prometheus wants them. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** Cumulative counts by bound, then all of them; and the sum of the values. */
  get state(): { readonly buckets: readonly (readonly [bound: string, count: number])[]; readonly sum: number } {
    let count = 0;
    const buckets = this.#counts.map((own, at): [string, number] => {
      count += own;
      return [String(this.#bounds[at] ?? '+Inf'), count];
    });
    return { buckets, sum: this.#sum };
  }
}

/** Writes metrics in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
export class Exposition {
  readonly #labels: Readonly<Record<string, string>>;
  #text = '';

  constructor(labels: Readonly<Record<string, string>>) {
    this.#labels = labels;
  }

  gauge(name: string, help: string, ...samples: readonly Sample[]): this {
    return this.#family(name, 'gauge', help, samples);
  }

  counter(name: string, help: string, ...samples: readonly Sample[]): this {
    return this.#family(name, 'counter', help, samples);
  }

  histogram(name: string, help: string, histogram: Histogram): this {
    const { buckets, sum } = histogram.state;
    this.#head(name, 'histogram', help);
    for (const [le, value] of buckets) this.#line(`${name}_bucket`, { ...this.#labels, le }, value);
    this.#line(`${name}_sum`, this.#labels, sum);
    this.#line(`${name}_count`, this.#labels, buckets.at(-1)?.[1] ?? 0);
    return this;
  }

  /** Of the process: without the labels of the model, as Prometheus' own clients write it. */
  process(name: string, type: 'gauge' | 'counter', help: string, value: number): this {
    this.#head(name, type, help);
    this.#line(name, {}, value);
    return this;
  }

  toString(): string {
    return this.#text;
  }

  #family(name: string, type: string, help: string, samples: readonly Sample[]): this {
    this.#head(name, type, help);
    for (const { labels, value } of samples) this.#line(name, { ...this.#labels, ...labels }, value);
    return this;
  }

  #head(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  }

  #line(name: string, labels: Readonly<Record<string, string>>, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    this.#text += `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  }
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
