import { expect, it } from 'vitest';
import { Lane } from '../../../src/evaluation/lane.ts';

const SLOTS = 6;
const LATENCY_MS = 100;
/** What an item costs after its answer: scoring, writing. */
const AFTER_MS = 8;

/** A clock that goes on when all rests, to the next thing that was put off. */
function virtualTime() {
  let now = 0;
  const put: { at: number; go: () => void }[] = [];
  return {
    now: () => now,
    delay: (ms: number) => new Promise<void>((go) => put.push({ at: now + ms, go })),
    /** Until nothing is put off any more. */
    run: async () => {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        put.sort((a, b) => a.at - b.at);
        const next = put.shift();
        if (!next) return;
        now = next.at;
        next.go();
      }
    },
  };
}

/** A server that answers so many at a time, and what of it was used, in slots × ms. */
function serverOf(time: ReturnType<typeof virtualTime>) {
  const line: (() => void)[] = [];
  let busy = 0;
  const answered: number[] = [];
  return {
    answered,
    waiting: () => line.length,
    ask: async () => {
      if (busy === SLOTS) await new Promise<void>((go) => line.push(go));
      busy += 1;
      await time.delay(LATENCY_MS);
      busy -= 1;
      answered.push(time.now());
      line.shift()?.();
    },
  };
}

/** Asks every question of each column, as a run does; gives the most that ever stood in line at the server. */
async function run(lane: Lane, columns: number, questions: number, time: ReturnType<typeof virtualTime>) {
  const server = serverOf(time);
  let [begun, inWork, most] = [0, 0, 0];
  const piece = async () => {
    for (let column = 0; column < columns; column += 1) {
      const place = await lane.take();
      const answer = server.ask();
      most = Math.max(most, server.waiting());
      await answer;
      place.leave(7);
      await time.delay(AFTER_MS);
    }
    inWork -= 1;
    fill();
  };
  const fill = () => {
    while (begun < questions && inWork < lane.places + Math.ceil(lane.places / 4)) {
      begun += 1;
      inWork += 1;
      void piece();
    }
  };
  fill();
  await time.run();
  return { answered: server.answered, most };
}

it.each([1, 2, 3])(
  '%i columns of one server together reach nine tenths of what it can do, and no more stand there',
  async (columns) => {
    const time = virtualTime();
    const lane = new Lane({ most: 64, limited: true, now: time.now });
    const { answered, most } = await run(lane, columns, 600 / columns, time);
    expect(answered).toHaveLength(600);
    // The second half, but for the last ones, which leave slots empty whatever anyone does.
    const [from, to] = [answered[299] ?? 0, answered[579] ?? 0];
    const perMs = 280 / (to - from);
    expect(perMs / (SLOTS / LATENCY_MS)).toBeGreaterThanOrEqual(0.9);
    expect(lane.places).toBeLessThanOrEqual(2 * SLOTS);
    // Never each column its own number.
    expect(most).toBeLessThanOrEqual(2 * SLOTS);
  },
);

it('what is asked while others hold it up does not make a server look faster', async () => {
  const time = virtualTime();
  const lane = new Lane({ most: 64, limited: true, now: time.now });
  // One at a time comes by, however many places there are.
  const visits = (async () => {
    for (let visit = 0; visit < 300; visit += 1) {
      const place = await lane.take();
      await time.delay(LATENCY_MS);
      place.leave(7);
      await time.delay(LATENCY_MS);
    }
  })();
  await time.run();
  await visits;
  expect(lane.places).toBeLessThanOrEqual(2);
});

it('less at once for all that stand in line when the server says that it is too much', async () => {
  const time = virtualTime();
  const lane = new Lane({ most: 64, limited: true, now: time.now });
  await run(lane, 1, 400, time);
  const found = lane.places;
  expect(found).toBeGreaterThan(3);
  lane.overrun();
  expect(lane.places).toBeLessThan(found);
  const places = await Promise.all(Array.from({ length: lane.places }, () => lane.take()));
  let more = false;
  void lane.take().then(() => {
    more = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(more).toBe(false);
  places[0]?.leave(undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(more).toBe(true);
});
