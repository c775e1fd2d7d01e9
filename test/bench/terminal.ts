import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../src/platform/entry.ts';
import { answerPieces, COLUMNS, makeAppHome, ROWS, TOKENS_PER_SECOND } from './app-home.ts';
import { englishPassages } from './corpus.ts';
import { cpuSeconds } from './machine.ts';
import { APP, type Recording, type RecordOptions, record } from './recorder.ts';
import { interleave, median, quantile, seeded } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

/** Between two keys, ms: a quick typist, at no fixed phase of the paints. */
const KEY_GAP = { from: 90, to: 260 };

export const terminal: Benchmark = {
  name: 'terminal',
  about: `the Ask screen in a pseudo-terminal of ${COLUMNS}×${ROWS} against plain Ink 6.8 drawing the same`,
  async run(context) {
    const home = await makeAppHome(context);
    const size = { columns: COLUMNS, rows: ROWS };
    const ours: RecordOptions = { ...size, script: APP, env: home.env };
    const answer = path.join(context.scratch, 'answer.json');
    const { texts } = await englishPassages(context.data, 3);
    writeFileSync(answer, JSON.stringify({ pieces: answerPieces(), passages: texts }));
    const plain: RecordOptions = {
      ...size,
      script: path.join(packageRoot(), 'dist', 'bench', 'plain-ink.js'),
      args: [answer, String(TOKENS_PER_SECOND)],
    };
    const seen = { ours: emptySeen(), plain: emptySeen() };
    await interleave(
      {
        ours: () => session(context, ours, seen.ours, openAsk),
        plain: () => session(context, plain, seen.plain, (app) => app.seen('❯ ')),
      },
      context.quick ? 1 : 3,
    );
    return rowsOf(seen.ours, seen.plain);
  },
};

interface Phase {
  /** From a key to the bytes that show it, ms. */
  readonly keys: number[];
  readonly paints: number[];
  bytes: number;
  clears: number;
  seconds: number;
  cpuSeconds: number;
}
interface Seen {
  readonly idle: Phase;
  readonly streaming: Phase;
}

const emptyPhase = (): Phase => ({ keys: [], paints: [], bytes: 0, clears: 0, seconds: 0, cpuSeconds: 0 });
const emptySeen = (): Seen => ({ idle: emptyPhase(), streaming: emptyPhase() });

async function openAsk(app: Recording): Promise<unknown> {
  await app.seen('samples 10 documents');
  app.press('3');
  return app.seen('❯ ');
}

/** One life of a program: some keys at rest, a question, more keys while its answer streams. */
async function session(
  { quick, log }: BenchContext,
  options: RecordOptions,
  seen: Seen,
  open: (app: Recording) => Promise<unknown>,
): Promise<number> {
  const keys = quick ? 8 : 30;
  log(`${path.basename(options.script)}: ${keys} keys idle, ${keys} while an answer streams`);
  const app = record(options);
  try {
    await open(app);
    await delay(1000);
    await phase(app, seen.idle, keys);
    app.type('When?');
    await app.seen('❯ When?');
    app.press('enter');
    const [first = ''] = answerPieces();
    await app.seen(new RegExp(`│\\s?${first.trim()} `));
    // Enough text that the pane scrolls: the state an answer is in most of the time.
    await delay(quick ? 2000 : 8000);
    await phase(app, seen.streaming, keys);
    return 0;
  } finally {
    await app.kill();
  }
}

const randomGap = seeded(5);

async function phase(app: Recording, into: Phase, keys: number): Promise<void> {
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

function rowsOf(ours: Seen, plain: Seen): BenchRow[] {
  const stream = `one answer at ${TOKENS_PER_SECOND} tokens/s (two side by side come with Compare)`;
  return [
    ...keyRows('idle', ours.idle, plain.idle, 80, ''),
    ...keyRows('streaming', ours.streaming, plain.streaming, 120, stream),
    ...paintRows('a key', ours.idle, plain.idle),
    ...paintRows('streaming', ours.streaming, plain.streaming),
    {
      measure: 'streaming: processor',
      value: share(ours.streaming),
      unit: '% of a core',
      ratio: share(ours.streaming) / share(plain.streaming),
      note: `plain Ink ${share(plain.streaming).toFixed(0)} %`,
    },
  ];
}

function keyRows(when: string, ours: Phase, plain: Phase, most: number, note: string): BenchRow[] {
  const row = (name: string, q: number): BenchRow => ({
    measure: `key to bytes, ${when}, ${name}`,
    value: quantile(ours.keys, q),
    unit: 'ms',
    ratio: quantile(ours.keys, q) / quantile(plain.keys, q),
    note: [`plain Ink ${quantile(plain.keys, q).toFixed(1)} ms`, note].filter(Boolean).join('; '),
  });
  return [row('p50', 0.5), { ...row('p95', 0.95), budget: { most } }];
}

function paintRows(when: string, ours: Phase, plain: Phase): BenchRow[] {
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

const share = (phase: Phase): number => (100 * phase.cpuSeconds) / phase.seconds;
