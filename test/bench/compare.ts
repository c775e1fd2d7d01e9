import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../src/platform/entry.ts';
import { columnBegins, columnPieces, makeCompareHome, openCompare } from './compare-home.ts';
import { memoryOf } from './machine.ts';
import { APP, type Recording, type RecordOptions, record } from './recorder.ts';
import { interleave, median } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';
import { emptyPhase, keyRows, type Phase, paintRows, processorRow, typeInto } from './typing.ts';

const SCREEN = { columns: 200, rows: 50 };
const COLUMNS = 4;
/** To each column: two minutes of a quick server. */
const TOKENS_PER_SECOND = 30;
const TOKENS = 120 * TOKENS_PER_SECOND;

export const compare: Benchmark = {
  name: 'compare',
  about: `${COLUMNS} columns streaming ${TOKENS_PER_SECOND} tokens/s each in a pseudo-terminal of ${SCREEN.columns}×${SCREEN.rows}, against plain Ink 6.8 drawing the same`,
  async run(context) {
    context.log('a workspace with the sample knowledge base');
    const seen = { ours: emptySeen(), plain: emptySeen() };
    const texts = path.join(context.scratch, 'columns.json');
    const columns = Array.from({ length: COLUMNS }, (_, number) => columnPieces(number, TOKENS));
    writeFileSync(texts, JSON.stringify({ columns }));
    const plain: RecordOptions = {
      ...SCREEN,
      script: path.join(packageRoot(), 'dist', 'bench', 'plain-ink-compare.js'),
      args: [texts, String(TOKENS_PER_SECOND)],
    };
    await interleave(
      {
        ours: async () => {
          // Its columns are numbered from 0 by the requests of one life.
          const home = await makeCompareHome({ tokens: TOKENS, tokensPerSecond: TOKENS_PER_SECOND });
          context.defer(() => home.close());
          return session(context, { ...SCREEN, script: APP, env: home.env }, seen.ours, (app) =>
            openCompare(app, COLUMNS),
          );
        },
        plain: () => session(context, plain, seen.plain, (app) => app.seen('❯ ')),
      },
      context.quick ? 1 : 3,
    );
    return rowsOf(seen.ours, seen.plain);
  },
};

interface Seen {
  readonly streaming: Phase;
  /** MB: before the question, while it is answered. */
  readonly idleMemory: number[];
  readonly streamingMemory: number[];
}
const emptySeen = (): Seen => ({ streaming: emptyPhase(), idleMemory: [], streamingMemory: [] });

/** One life of a program: a question, keys while its answers stream. */
async function session(
  { quick, log }: BenchContext,
  options: RecordOptions,
  seen: Seen,
  open: (app: Recording) => Promise<unknown>,
): Promise<number> {
  const keys = quick ? 12 : 40;
  log(`${path.basename(options.script)}: ${keys} keys while ${COLUMNS} answers stream`);
  const app = record(options);
  try {
    await open(app);
    await delay(1000);
    seen.idleMemory.push(memoryOf(app.pid).now);
    app.type('When?');
    await app.seen('❯ When?');
    app.press('enter');
    for (let number = 0; number < COLUMNS; number++) await app.seen(columnBegins(number));
    // Enough text that the panes scroll: the state answers are in most of the time.
    await delay(quick ? 4000 : 12_000);
    await typeInto(app, seen.streaming, keys);
    seen.streamingMemory.push(memoryOf(app.pid).now);
    return 0;
  } finally {
    await app.kill();
  }
}

function rowsOf(ours: Seen, plain: Seen): BenchRow[] {
  const when = `${COLUMNS} streams`;
  return [
    ...keyRows(when, ours.streaming, plain.streaming, 160, ''),
    ...paintRows(when, ours.streaming, plain.streaming),
    processorRow(when, ours.streaming, plain.streaming),
    {
      measure: `${when}: memory of the UI`,
      value: median(ours.streamingMemory),
      unit: 'MB',
      ratio: median(ours.streamingMemory) / median(plain.streamingMemory),
      budget: { most: 250 },
      note: `${median(ours.idleMemory).toFixed(0)} before the question; plain Ink ${median(plain.streamingMemory).toFixed(0)}`,
    },
  ];
}
