/** One series as the text has it. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly type: string;
  readonly help: string;
  readonly series: readonly Series[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };
const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)?,?\\})? (\\S+)$`);

/**
 * A reader of Prometheus' text format 0.0.4 that forgives nothing: written from the format's page, not from our writer.
 * Throws on a sample without its family, a family twice, a series twice, or histogram buckets that do not add up.
 */
export function readExposition(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { type: string; help: string; series: Series[] }>();
  const helps = new Map<string, string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line);
    if (comment) {
      const [, kind = '', name = '', rest = ''] = comment;
      if (kind === 'HELP') helps.set(name, rest);
      else {
        if (families.has(name)) throw new Error(`${name} has two types`);
        families.set(name, { type: rest, help: helps.get(name) ?? '', series: [] });
      }
      current = name;
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (!sample) throw new Error(`no line of the format: ${line}`);
    const [, name = '', labels = '', number = ''] = sample;
    const family = families.get(current);
    const allowed = (SUFFIXES[family?.type ?? ''] ?? ['']).map((suffix) => `${current}${suffix}`);
    if (!family || !allowed.includes(name)) throw new Error(`${name} is not of ${current}`);
    const series = { name, labels: readLabels(labels), value: readNumber(number) };
    if (family.series.some((other) => other.name === name && same(other.labels, series.labels))) {
      throw new Error(`${line} comes twice`);
    }
    family.series.push(series);
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkBuckets(name, family.series);
  return families;
}

function readLabels(text: string): Record<string, string> {
  const found = [...text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g)];
  const plain = (value: string) => value.replace(/\\(["\\n])/g, (_, one) => (one === 'n' ? '\n' : one));
  return Object.fromEntries(found.map(([, key = '', value = '']) => [key, plain(value)]));
}

function readNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`${text} is no number`);
  return Number(text);
}

const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

function checkBuckets(name: string, series: readonly Series[]): void {
  const buckets = series.filter((one) => one.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => readNumber(labels['le'] ?? ''));
  const counts = buckets.map(({ value }) => value);
  const rises = (list: readonly number[], strictly: boolean) =>
    list.every((value, at) => at === 0 || value > (list[at - 1] ?? 0) || (!strictly && value === list[at - 1]));
  if (!rises(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name}: bounds`);
  const count = series.find((one) => one.name === `${name}_count`)?.value;
  if (!rises(counts, false) || counts.at(-1) !== count) throw new Error(`${name}: buckets do not add up`);
  if (!series.some((one) => one.name === `${name}_sum`)) throw new Error(`${name} has no sum`);
}

/** The value of the only series of a counter, a gauge, or a histogram's `part`; undefined when it is not there. */
export function seriesValue(
  families: ReadonlyMap<string, MetricFamily>,
  name: string,
  part = '',
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return families
    .get(name)
    ?.series.find((one) => one.name === name + part && Object.entries(labels).every(([k, v]) => one.labels[k] === v))
    ?.value;
}
