import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../src/platform/entry.ts';
import { answerPieces, COLUMNS, makeAppHome, ROWS, TOKENS_PER_SECOND } from './app-home.ts';
import { englishPassages } from './corpus.ts';
import { APP, type Recording, type RecordOptions, record } from './recorder.ts';
import { interleave } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';
import { emptyPhase, keyRows, type Phase, paintRows, processorRow, typeInto } from './typing.ts';

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

interface Seen {
  readonly idle: Phase;
  readonly streaming: Phase;
}

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
    await typeInto(app, seen.idle, keys);
    app.type('When?');
    await app.seen('❯ When?');
    app.press('enter');
    const [first = ''] = answerPieces();
    await app.seen(new RegExp(`│\\s?${first.trim()} `));
    // Enough text that the pane scrolls: the state an answer is in most of the time.
    await delay(quick ? 2000 : 8000);
    await typeInto(app, seen.streaming, keys);
    return 0;
  } finally {
    await app.kill();
  }
}

function rowsOf(ours: Seen, plain: Seen): BenchRow[] {
  const stream = `one answer at ${TOKENS_PER_SECOND} tokens/s`;
  return [
    ...keyRows('idle', ours.idle, plain.idle, 80, ''),
    ...keyRows('streaming', ours.streaming, plain.streaming, 120, stream),
    ...paintRows('a key', ours.idle, plain.idle),
    ...paintRows('streaming', ours.streaming, plain.streaming),
    processorRow('streaming', ours.streaming, plain.streaming),
  ];
}
