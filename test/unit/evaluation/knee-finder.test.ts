import { describe, expect, it } from 'vitest';
import { KneeFinder } from '../../../src/evaluation/knee-finder.ts';
import { Random } from '../../../src/evaluation/statistics/random.ts';

interface Server {
  /** Requests it works on at a time; others wait in line. */
  readonly slots: number;
  /** Milliseconds for one. */
  readonly serviceMs: (random: Random) => number;
  /** Beyond so many at a time (in line too) it refuses. */
  readonly refusesBeyond?: number;
  /** After so many answers it has other slots. */
  readonly becomes?: { readonly after: number; readonly slots: number };
}

/**
 * A made clock: a closed loop of as many clients as the finder allows against the server, for so many answers. Gives the
 * finder and the share of its slots that the server used over the second half.
 */
function play(server: Server, { answers, most = 64, tokens = 0 }: { answers: number; most?: number; tokens?: number }) {
  const finder = new KneeFinder({ most });
  const random = new Random(7);
  const line: number[] = [];
  /** Ends of what is worked on. */
  let working: { readonly begun: number; readonly end: number }[] = [];
  let now = 0;
  let done = 0;
  let refused = 0;
  let slots = server.slots;
  let highest = 0;
  let busySlots = 0;
  let half = 0;
  const inSystem = () => line.length + working.length;
  const fill = () => {
    while (inSystem() < finder.places) {
      if (server.refusesBeyond !== undefined && inSystem() >= server.refusesBeyond) {
        refused += 1;
        finder.overrun(now);
        break;
      }
      line.push(now);
    }
    while (working.length < slots && line.length > 0) {
      const begun = line.shift() ?? now;
      working.push({ begun, end: now + server.serviceMs(random) });
    }
  };
  fill();
  while (done < answers) {
    const next = working.reduce((first, one) => (one.end < first.end ? one : first));
    if (done >= answers / 2) {
      half += next.end - now;
      busySlots += (next.end - now) * Math.min(working.length, slots);
    }
    now = next.end;
    working = working.filter((one) => one !== next);
    done += 1;
    if (server.becomes && done === server.becomes.after) slots = server.becomes.slots;
    finder.finished({ begun: next.begun, now, tokens });
    highest = Math.max(highest, finder.places);
    fill();
  }
  return { finder, used: busySlots / half / slots, refused, most: highest };
}

const steady = () => 100;
const uneven = (random: Random) => 20 + 160 * random.unit();

describe('a server with so many slots', () => {
  it.each([1, 2, 3, 4, 6, 8, 10, 13, 16, 24, 32, 48, 64])('%i, steady', (slots) => {
    const { finder, used } = play({ slots, serviceMs: steady }, { answers: 3000 });
    expect([slots, used >= 0.9, finder.places <= 1.5 * slots + 3]).toEqual([slots, true, true]);
  });

  it.each([1, 2, 4, 7, 10, 16, 24, 40])('%i, with uneven answers', (slots) => {
    const { used } = play({ slots, serviceMs: uneven }, { answers: 4000, tokens: 30 });
    expect(used).toBeGreaterThanOrEqual(0.9);
  });

  it('beyond what is allowed: at most so many', () => {
    const { finder, most } = play({ slots: 100, serviceMs: steady }, { answers: 2000, most: 16 });
    expect([finder.places, most]).toEqual([16, 16]);
  });

  it('one place stays one', () => {
    expect(play({ slots: 8, serviceMs: steady }, { answers: 200, most: 1 }).most).toBe(1);
  });
});

describe('a server that changes', () => {
  it('takes more later: found at the next look', () => {
    const server = { slots: 4, serviceMs: steady, becomes: { after: 500, slots: 16 } };
    expect(play(server, { answers: 6000 }).used).toBeGreaterThanOrEqual(0.9);
  });

  it('takes less later: fewer are asked at a time', () => {
    const server = { slots: 32, serviceMs: steady, becomes: { after: 2000, slots: 4 } };
    const { finder, used } = play(server, { answers: 6000 });
    expect([used >= 0.9, finder.places <= 8]).toEqual([true, true]);
  });
});

describe('a server that refuses', () => {
  it('is used to its limit, and seldom asked for more', () => {
    const { finder, used, refused } = play({ slots: 10, serviceMs: steady, refusesBeyond: 10 }, { answers: 4000 });
    // Of 100 requests at most two.
    expect([used >= 0.9, finder.places <= 10, refused < 80]).toEqual([true, true, true]);
  });

  it('many refusals of one moment count once', () => {
    const finder = new KneeFinder({ most: 64 });
    let now = 0;
    for (; finder.places < 16; now += 100) finder.finished({ begun: now, now: now + 100, tokens: 0 });
    for (let i = 0; i < 16; i += 1) finder.overrun(now);
    expect(finder.places).toBe(11);
  });
});

it('a pause says nothing about the server', () => {
  const finder = new KneeFinder({ most: 64 });
  let now = 0;
  const answers = (count: number) => {
    for (let i = 0; i < count; i += 1) {
      // Four slots: beyond them each waits in line.
      const took = 100 * Math.max(1, finder.places / 4);
      finder.finished({ begun: now, now: now + took, tokens: 0 });
      now += took;
    }
  };
  answers(200);
  const before = finder.places;
  expect(before >= 4 && before <= 8).toBe(true);
  for (let i = 0; i < 5; i += 1) {
    now += 3_600_000;
    finder.restart(now);
    answers(20);
  }
  expect(finder.places >= 4 && finder.places <= 8).toBe(true);
});
