import { expect, test } from 'vitest';
import { EmbedQueue, type EmbedQueueDeps, type MissingText } from '../../../src/kb/ingest/embed-queue.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';

const text = (hash: string, body = hash, embedder = 'e'): MissingText => ({ embedder, hash, text: body });

function queueWith(over: Partial<EmbedQueueDeps> = {}) {
  const embedded: string[][] = [];
  const stored: string[] = [];
  const queue = new EmbedQueue({
    lanes: 1,
    embed: async (_lane, _embedder, texts) => {
      embedded.push([...texts]);
      return { vectors: texts.map(() => new Float32Array(2)), tokens: texts.map((t) => t.length) };
    },
    store: async (_embedder, vectors) => {
      stored.push(...vectors.map((v) => v.hash));
    },
    onEmbedded: () => undefined,
    ...over,
  });
  return { queue, embedded, stored };
}

test('a text two documents wait for is embedded once, and both are told', async () => {
  const { queue, stored } = queueWith();
  const told: string[] = [];
  await queue.add(text('h1'), () => told.push('first'));
  await queue.add(text('h1'), () => told.push('second'));
  await queue.finish();
  expect(stored).toEqual(['h1']);
  expect(told.sort()).toEqual(['first', 'second']);
});

test('a text that was embedded before is settled at once', async () => {
  const { queue, stored } = queueWith();
  await new Promise<void>((resolve) => void queue.add(text('h1'), () => resolve()));
  let told = false;
  await queue.add(text('h1'), () => {
    told = true;
  });
  expect(told).toBe(true);
  await queue.finish();
  expect(stored).toEqual(['h1']);
});

test('a vector is durable before its document is told', async () => {
  const order: string[] = [];
  const { queue } = queueWith({
    store: async () => {
      await Promise.resolve();
      order.push('stored');
    },
  });
  await queue.add(text('h1'), () => order.push('told'));
  await queue.finish();
  expect(order).toEqual(['stored', 'told']);
});

test('a batch never mixes embedders', async () => {
  const calls: [string, number][] = [];
  const { queue } = queueWith({
    embed: async (_lane, embedder, texts) => {
      calls.push([embedder, texts.length]);
      return { vectors: texts.map(() => new Float32Array(2)), tokens: texts.map(() => 1) };
    },
  });
  for (const n of [1, 2, 3]) {
    await queue.add(text(`a${n}`, 'x', 'one'), () => undefined);
    await queue.add(text(`b${n}`, 'x', 'two'), () => undefined);
  }
  await queue.finish();
  const total = (name: string) => calls.filter(([e]) => e === name).reduce((sum, [, n]) => sum + n, 0);
  expect([total('one'), total('two')]).toEqual([3, 3]);
});

test('a text that cannot be embedded fails alone', async () => {
  const { queue, stored } = queueWith({
    embed: async (_lane, _embedder, texts) => {
      if (texts.includes('poison')) throw new RagtuiError('invalid', 'The embedder gave NaN.');
      return { vectors: texts.map(() => new Float32Array(2)), tokens: texts.map(() => 1) };
    },
  });
  const problems: (string | undefined)[] = [];
  for (const body of ['good', 'poison', 'fine'])
    await queue.add(text(body), (problem) => problems.push(problem?.message));
  await queue.finish();
  expect(stored.sort()).toEqual(['fine', 'good']);
  expect(problems.filter((p) => p === 'The embedder gave NaN.')).toHaveLength(1);
});

test('a service that went away ends the whole, with its reason', async () => {
  const { queue } = queueWith({
    store: async () => {
      throw new RagtuiError('unavailable', 'The kb service went away.');
    },
  });
  await queue.add(text('h1'), () => undefined);
  await expect(queue.finish()).rejects.toThrow('The kb service went away.');
});

test('similar lengths go together: the window is sorted before it is cut into batches', async () => {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const batches: number[][] = [];
  const { queue } = queueWith({
    embed: async (_lane, _embedder, texts) => {
      await gate;
      batches.push(texts.map((t) => t.length));
      return { vectors: texts.map(() => new Float32Array(2)), tokens: texts.map(() => 1) };
    },
  });
  for (let i = 0; i < 100; i++) await queue.add(text(`h${i}`, 'x'.repeat(((i * 37) % 100) + 1)), () => undefined);
  open();
  await queue.finish();
  const sortedOnes = batches.slice(1).flat();
  expect(sortedOnes).toEqual([...sortedOnes].sort((a, b) => b - a));
});
