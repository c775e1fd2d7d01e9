import { describe, expect, test } from 'vitest';
import { Gate } from '../../../src/serving/http/gate.ts';

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Requests that stay inside until a test lets them out. */
function visitors(gate: Gate) {
  const inside: string[] = [];
  const order: string[] = [];
  const doors = new Map<string, () => void>();
  return {
    inside,
    order,
    come: (name: string, change: { client?: string; alone?: boolean; signal?: AbortSignal } = {}) => {
      const { client = '', alone = false, signal = never } = change;
      return gate.run({ client, alone }, signal, async () => {
        inside.push(name);
        order.push(name);
        await new Promise<void>((resolve) => doors.set(name, resolve));
        inside.splice(inside.indexOf(name), 1);
      });
    },
    leave: async (name: string) => {
      doors.get(name)?.();
      await settle();
    },
  };
}

describe('a gate', () => {
  test('lets those that share in together, up to its number', async () => {
    const gate = new Gate(2);
    const { come, leave, inside } = visitors(gate);
    const all = ['a', 'b', 'c'].map((name) => come(name));
    await settle();
    expect(inside).toEqual(['a', 'b']);
    expect([gate.running, gate.waiting, gate.load]).toEqual([2, 1, 3]);
    await leave('b');
    expect(inside).toEqual(['a', 'c']);
    await leave('a');
    await leave('c');
    await Promise.all(all);
    expect(gate.load).toBe(0);
  });

  test('keeps the one that must be alone alone, and nobody overtakes it', async () => {
    const { come, leave, inside, order } = visitors(new Gate(2));
    const all = [come('a'), come('strict', { alone: true }), come('b')];
    await settle();
    // There is a place for b, but the strict one would wait for ever if those after it went first.
    expect(inside).toEqual(['a']);
    await leave('a');
    expect(inside).toEqual(['strict']);
    await leave('strict');
    expect(inside).toEqual(['b']);
    await leave('b');
    await Promise.all(all);
    expect(order).toEqual(['a', 'strict', 'b']);
  });

  test('lets waiting clients take turns, however many each has in line', async () => {
    const { come, leave, order } = visitors(new Gate(1));
    const evaluation = ['e1', 'e2', 'e3', 'e4'].map((name) => come(name, { client: 'evaluation', alone: true }));
    const person = ['p1', 'p2'].map((name) => come(name, { client: 'person', alone: true }));
    await settle();
    for (let left = 0; left < 6; left += 1) await leave(order.at(-1) ?? '');
    await Promise.all([...evaluation, ...person]);
    expect(order).toEqual(['e1', 'e2', 'p1', 'e3', 'p2', 'e4']);
  });

  test('forgets who is cancelled in line, and those behind move up', async () => {
    const gate = new Gate(2);
    const { come, leave, inside } = visitors(gate);
    const controller = new AbortController();
    const first = come('a');
    const gone = come('strict', { alone: true, signal: controller.signal });
    const last = come('b');
    await settle();
    controller.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    expect(inside).toEqual(['a', 'b']);
    await expect(come('late', { signal: controller.signal })).rejects.toThrow('gone');
    await leave('a');
    await leave('b');
    await Promise.all([first, last]);
    expect(gate.load).toBe(0);
  });

  test('frees the place of one that fails, and tells when all is quiet', async () => {
    const gate = new Gate(1);
    await gate.whenIdle();
    const failed = gate.run({ client: '', alone: true }, never, async () => {
      throw new Error('broken');
    });
    const idle = gate.whenIdle();
    await expect(failed).rejects.toThrow('broken');
    await idle;
    expect(await gate.run({ client: '', alone: true }, never, async () => 7)).toBe(7);
  });
});
