import { expect, test } from 'vitest';
import { Lockstep } from '../../../src/serving/llama/lockstep.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('steps are begun together, when the last one is ready', async () => {
  const lockstep = new Lockstep();
  const [a, b] = [lockstep.enter(), lockstep.enter()];
  const begun: string[] = [];
  const step = (name: string) => async () => {
    begun.push(name);
    return name;
  };
  const first = a.step(step('a1'));
  await settle();
  expect(begun).toEqual([]);
  const second = b.step(step('b1'));
  // In the same turn of the event loop: what the engine finds there becomes one batch.
  expect(begun).toEqual(['a1', 'b1']);
  expect(await Promise.all([first, second])).toEqual(['a1', 'b1']);
});

test('one whose step takes longer is waited for; one that leaves is not', async () => {
  const lockstep = new Lockstep();
  const [fast, slow] = [lockstep.enter(), lockstep.enter()];
  let finish = () => {};
  const reading = slow.step(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  await fast.step(async () => {});
  let next = false;
  const again = fast.step(async () => {
    next = true;
  });
  await settle();
  expect(next).toBe(false);
  finish();
  await reading;
  await settle();
  expect(next).toBe(false);
  slow.leave();
  await again;
  expect(lockstep.size).toBe(1);
});

test('one that joins in the middle takes part from the next step on', async () => {
  const lockstep = new Lockstep();
  const a = lockstep.enter();
  await a.step(async () => {});
  const b = lockstep.enter();
  const order: string[] = [];
  const waits = a.step(async () => {
    order.push('a');
  });
  await settle();
  expect(order).toEqual([]);
  await b.step(async () => {
    order.push('b');
  });
  await waits;
  expect(order).toEqual(['a', 'b']);
});

test('a step that fails is told to its own answer alone', async () => {
  const lockstep = new Lockstep();
  const [a, b] = [lockstep.enter(), lockstep.enter()];
  const failing = a.step(async () => {
    throw new Error('no memory');
  });
  const going = b.step(async () => 'fine');
  await expect(failing).rejects.toThrow('no memory');
  expect(await going).toBe('fine');
});
