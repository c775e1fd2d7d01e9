import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from './machine.ts';
import type { Recording } from './recorder.ts';
import { median, quantile, seeded } from './stats.ts';
import type { BenchRow } from './types.ts';

/** Between two keys, ms: a quick typist, at no fixed phase of the paints. */
const KEY_GAP = { from: 90, to: 260 };

/** What was seen of a program while somebody typed into it. */
export interface Phase {
  /** From a key to the bytes that show it, ms. */
  readonly keys: number[];
  readonly paints: number[];
  bytes: number;
  clears: number;
  seconds: number;
  cpuSeconds: number;
}

export const emptyPhase = (): Phase => ({ keys: [], paints: [], bytes: 0, clears: 0, seconds: 0, cpuSeconds: 0 });

const randomGap = seeded(5);

/** Types a letter and takes it back, `keys` strokes in all, into a field after `❯ `. */
export async function typeInto(app: Recording, into: Phase, keys: number): Promise<void> {
  app.resetCounts();
  const started = performance.now();
  const cpu = cpuSeconds(app.pid);
  const isTyped = (screen: readonly string[]) => screen.some((row) => row.includes('❯ x'));
  for (let key = 0; key < keys; key += 1) {
    await delay(KEY_GAP.from + randomGap() * (KEY_GAP.to - KEY_GAP.from));
    const down = key % 2 === 0;
    const pressed = performance.now();
    app.press(down ? 'x' : 'backspace');
    into.keys.push((await app.seen((screen) => isTyped(screen) === down)) - pressed);
  }
  const { paints, bytes, clears } = app.counts();
  into.paints.push(...paints);
  into.bytes += bytes;
  into.clears += clears;
  into.seconds += (performance.now() - started) / 1000;
  into.cpuSeconds += cpuSeconds(app.pid) - cpu;
}

/** From a key to its bytes; `most` is the budget of p95, ms. */
export function keyRows(when: string, ours: Phase, plain: Phase, most: number, note: string): BenchRow[] {
  const row = (name: string, q: number): BenchRow => ({
    measure: `key to bytes, ${when}, ${name}`,
    value: quantile(ours.keys, q),
    unit: 'ms',
    ratio: quantile(ours.keys, q) / quantile(plain.keys, q),
    note: [`plain Ink ${quantile(plain.keys, q).toFixed(1)} ms`, note].filter(Boolean).join('; '),
  });
  return [row('p50', 0.5), { ...row('p95', 0.95), budget: { most } }];
}

export function paintRows(when: string, ours: Phase, plain: Phase): BenchRow[] {
  const rate = (phase: Phase) => phase.paints.length / phase.seconds;
  return [
    {
      measure: `${when}: bytes per paint, median`,
      value: median(ours.paints),
      unit: 'bytes',
      min: quantile(ours.paints, 0),
      max: quantile(ours.paints, 1),
      ratio: median(ours.paints) / median(plain.paints),
      budget: { most: 3072 },
      note: `plain Ink ${Math.round(median(plain.paints))}`,
    },
    {
      measure: `${when}: bytes a second`,
      value: ours.bytes / ours.seconds,
      unit: 'bytes/s',
      ratio: ours.bytes / ours.seconds / (plain.bytes / plain.seconds),
      note: `${rate(ours).toFixed(1)} paints/s, plain Ink ${rate(plain).toFixed(1)}`,
    },
    {
      measure: `${when}: full clears`,
      value: ours.clears,
      unit: 'clears',
      budget: { most: 0 },
      note: `plain Ink ${plain.clears} in ${plain.paints.length} paints`,
    },
  ];
}

export const processorRow = (when: string, ours: Phase, plain: Phase): BenchRow => ({
  measure: `${when}: processor`,
  value: share(ours),
  unit: '% of a core',
  ratio: share(ours) / share(plain),
  note: `plain Ink ${share(plain).toFixed(0)} %`,
});

const share = (phase: Phase): number => (100 * phase.cpuSeconds) / phase.seconds;
