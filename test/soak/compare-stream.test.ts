import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CompareHome, columnBegins, makeCompareHome, openCompare } from '../bench/compare-home.ts';
import { load, memoryOf } from '../bench/machine.ts';
import { APP, type Recording, record } from '../bench/recorder.ts';
import { median, quantile } from '../bench/stats.ts';
import { emptyPhase, typeInto } from '../bench/typing.ts';
import { ensureBuilt } from '../support/models.ts';

const COLUMNS = 2;
const TOKENS = 20_000;
/** To each column: the whole takes about a minute and a half. */
const TOKENS_PER_SECOND = 220;
const SAMPLE_MS = 1000;

let home: CompareHome;
beforeAll(async () => {
  ensureBuilt();
  home = await makeCompareHome({ tokens: TOKENS, tokensPerSecond: TOKENS_PER_SECOND });
});
afterAll(() => home?.close());

/** Resident memory of the program, MB, each second until it is told to stop. */
async function watchMemory(app: Recording, stop: AbortSignal): Promise<number[]> {
  const values: number[] = [];
  while (!stop.aborted) {
    values.push(memoryOf(app.pid).now);
    await delay(SAMPLE_MS, undefined, { signal: stop }).catch(() => {});
  }
  return values;
}

it('two columns of 20,000 tokens: every paint small, nothing cleared, memory within its budget, all of it told', async () => {
  const loadBefore = load();
  const app = record({ script: APP, columns: 120, rows: 40, env: home.env });
  const over = new AbortController();
  try {
    await openCompare(app, COLUMNS);
    const idle = memoryOf(app.pid).now;
    app.type('When?');
    await app.seen('❯ When?');
    app.press('enter');
    for (let number = 0; number < COLUMNS; number++) await app.seen(columnBegins(number));
    const memory = watchMemory(app, over.signal);
    const typing = emptyPhase();
    const ended = Array.from({ length: COLUMNS }, (_, number) => app.seen(`the-end-of-${number}`, 30 * 60_000));
    const both = Promise.all(ended).then(() => over.abort());
    while (!over.signal.aborted) await typeInto(app, typing, 10);
    await both;
    // The server's own count, once both have ended.
    await app.seen((screen) => screen.filter((row) => row.includes('20,000')).length >= 1, 60_000);
    const values = await memory;
    const third = Math.floor(values.length / 3);
    const [first, last] = [median(values.slice(third, 2 * third)), median(values.slice(-third))];
    const { paints, keys, bytes, seconds, cpuSeconds, clears } = typing;
    console.log(
      [
        `${COLUMNS} × ${TOKENS} tokens at ${TOKENS_PER_SECOND}/s each, 120×40, load ${loadBefore.toFixed(2)} before, ${load().toFixed(2)} after`,
        `paints ${paints.length}, ${(paints.length / seconds).toFixed(1)}/s; bytes per paint median ${median(paints)}, p95 ${quantile(paints, 0.95).toFixed(0)}, most ${quantile(paints, 1)}; ${(bytes / seconds).toFixed(0)} bytes/s; ${clears} full clears`,
        `key to bytes p50 ${quantile(keys, 0.5).toFixed(1)} ms, p95 ${quantile(keys, 0.95).toFixed(1)} ms (${keys.length} keys, budget 120 ms)`,
        `memory ${idle.toFixed(0)} MB before; median of the second third ${first.toFixed(0)} MB, of the last ${last.toFixed(0)} MB; most ${quantile(values, 1).toFixed(0)} MB (budget 250)`,
        `processor ${((100 * cpuSeconds) / seconds).toFixed(0)} % of a core`,
      ].join('\n'),
    );
    expect(clears).toBe(0);
    expect(median(paints)).toBeLessThanOrEqual(3072);
    expect(quantile(values, 1)).toBeLessThan(250);
  } finally {
    over.abort();
    await app.kill();
  }
});
