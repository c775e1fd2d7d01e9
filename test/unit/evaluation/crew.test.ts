import { expect, it } from 'vitest';
import { Crew } from '../../../src/evaluation/crew.ts';

/** Pieces that end when they are told to. */
function bench() {
  const inWork: { piece: number; end: () => void; fail: (error: Error) => void }[] = [];
  const work = (piece: number) =>
    new Promise<void>((resolve, reject) => {
      inWork.push({ piece, end: resolve, fail: reject });
    });
  const end = async (piece: number) => {
    const at = inWork.findIndex((one) => one.piece === piece);
    inWork.splice(at, 1)[0]?.end();
    // Three turns: the piece, what waits for it, the next one.
    for (let i = 0; i < 5; i += 1) await Promise.resolve();
  };
  return { work, end, inWork, pieces: () => inWork.map(({ piece }) => piece) };
}

it('keeps to its places, and to new ones at once', async () => {
  const { work, end, pieces } = bench();
  const crew = new Crew([1, 2, 3, 4, 5], { places: 2, work });
  const all = crew.all();
  expect(pieces()).toEqual([1, 2]);
  crew.places = 4;
  expect(pieces()).toEqual([1, 2, 3, 4]);
  crew.places = 1;
  await end(1);
  await end(2);
  expect(pieces()).toEqual([3, 4]);
  await end(3);
  expect(pieces()).toEqual([4]);
  await end(4);
  expect(pieces()).toEqual([5]);
  await end(5);
  await all;
});

it('does what is added when nothing is left, also when that changes the places', async () => {
  const { work, end, pieces } = bench();
  let asked = 0;
  const crew: Crew<number> = new Crew([1], {
    places: 1,
    work,
    onEmpty: () => {
      asked += 1;
      crew.places = 3;
      if (asked === 1) crew.add([7, 8]);
    },
  });
  const all = crew.all();
  await end(1);
  expect(pieces()).toEqual([7, 8]);
  await end(7);
  await end(8);
  await all;
  expect(asked).toBe(2);
});

it('the first error ends it once what is in work has ended', async () => {
  const { work, end, inWork, pieces } = bench();
  const crew = new Crew([1, 2, 3, 4], { places: 2, work });
  let told: unknown;
  const all = crew.all().catch((error: unknown) => (told = error));
  inWork.shift()?.fail(new Error('first'));
  await Promise.resolve();
  await Promise.resolve();
  expect([pieces(), told]).toEqual([[2], undefined]);
  await end(2);
  await all;
  expect(told).toEqual(new Error('first'));
});

it('nothing to do is done', () => new Crew([], { places: 1, work: () => Promise.reject(new Error('no')) }).all());
