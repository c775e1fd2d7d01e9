/** One line of a Prometheus text. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricsText {
  /** The samples that were wanted, by metric name. */
  readonly samples: ReadonlyMap<string, readonly MetricSample[]>;
  /** Well-formed samples of any name. None in a text that is not empty: it is no metrics text. */
  readonly count: number;
  /** Lines that are neither a comment nor a sample. */
  readonly malformed: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))/y;
const VALUE = /^\s+([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan))(?=\s|$)/i;

/**
 * Reads the Prometheus text format (version 0.0.4; OpenMetrics' exemplars and `# EOF` are skipped). Lines that cannot
 * be read are counted and left out, so that one bad line costs nothing else. Pure.
 */
export function readMetricsText(text: string, wanted: (name: string) => boolean): MetricsText {
  const samples = new Map<string, MetricSample[]>();
  let count = 0;
  let malformed = 0;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const name = NAME.exec(trimmed)?.[0];
    const sample = name === undefined ? undefined : readSample(trimmed, name.length);
    if (name === undefined || !sample) {
      malformed += 1;
      continue;
    }
    count += 1;
    if (!wanted(name)) continue;
    const known = samples.get(name);
    if (known) known.push(sample);
    else samples.set(name, [sample]);
  }
  return { samples, count, malformed };
}

function readSample(line: string, from: number): MetricSample | undefined {
  let at = from;
  const labels: Record<string, string> = {};
  if (/\s*\{/y.test(line.slice(at))) {
    at = line.indexOf('{', at) + 1;
    const end = /\s*\}/y;
    for (;;) {
      end.lastIndex = at;
      if (end.test(line)) break;
      LABEL.lastIndex = at;
      const label = LABEL.exec(line);
      if (!label) return undefined;
      labels[label[1] ?? ''] = unescaped(label[2] ?? '');
      at = LABEL.lastIndex;
    }
    at = end.lastIndex;
  }
  // Without labels a value needs white space before it, with them it may follow the brace at once.
  const rest = VALUE.exec(` ${line.slice(at)}`);
  if (!rest || (at === from && !/^\s/.test(line.slice(at)))) return undefined;
  return { labels, value: numberOf(rest[1] ?? '') };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };
const unescaped = (text: string): string => text.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole);

function numberOf(text: string): number {
  const word = text.toLowerCase().replace(/^\+/, '');
  if (word.startsWith('-inf')) return Number.NEGATIVE_INFINITY;
  if (word.startsWith('inf')) return Number.POSITIVE_INFINITY;
  return word.endsWith('nan') ? Number.NaN : Number(text);
}
