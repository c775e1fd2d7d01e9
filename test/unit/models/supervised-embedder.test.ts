import { expect, it } from 'vitest';
import type { EmbedderProcess, ResolvedEmbedder } from '../../../src/models/embedder-types.ts';
import { supervisedEmbedder } from '../../../src/models/supervised-embedder.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';

const PASSAGE = { kind: 'passage' } as const;
const resolved: ResolvedEmbedder = {
  id: 'fake',
  fingerprint: '0'.repeat(32),
  dimension: 1,
  config: {
    pooling: 'cls',
    normalize: true,
    maxTokens: 8,
    dimension: 1,
    dtype: 'int8',
    queryInstruction: '',
    passageInstruction: '',
  },
  source: { kind: 'folder', folder: '', model: '', tokenizer: '' },
};

/** A process that dies of texts with "poison" in them, and of the next `faults` calls whatever they hold. */
function fakeProcesses(faults = 0) {
  const log = { started: 0, closed: 0, left: faults };
  const start = (): Promise<EmbedderProcess> => {
    log.started += 1;
    const listeners: ((reason: string) => void)[] = [];
    let dead = false;
    return Promise.resolve({
      resolved,
      pid: log.started,
      embed(texts) {
        if (dead) return Promise.reject(new Error('a dead process was used'));
        if (log.left-- > 0 || texts.some((text) => text.includes('poison'))) {
          dead = true;
          for (const listener of listeners) listener('killed');
          return Promise.reject(new RagtuiError('unavailable', 'killed'));
        }
        return Promise.resolve({
          vectors: texts.map((text) => Float32Array.of(text.length)),
          tokens: texts.map(() => 1),
        });
      },
      close: () => {
        log.closed += 1;
        return Promise.resolve();
      },
      onExit(listener) {
        listeners.push(listener);
        return () => {};
      },
    });
  };
  return { log, start };
}

it('starts at the first call, replays one death, closes what runs', async () => {
  const { log, start } = fakeProcesses(1);
  const reasons: string[] = [];
  const embedder = supervisedEmbedder(resolved, { start, onRestart: (reason) => reasons.push(reason) });
  expect(log.started).toBe(0);
  expect((await embedder.embed(['a', 'bb'], PASSAGE)).vectors.map((vector) => vector[0])).toEqual([1, 2]);
  expect(log.started).toBe(2);
  expect(reasons).toEqual(['killed']);
  await embedder.close();
  expect(log.closed).toBe(1);
  await expect(embedder.embed(['a'], PASSAGE)).rejects.toMatchObject({ code: 'unavailable' });
});

it('finds the text that ends the process, refuses it from then on, and embeds all others', async () => {
  const { log, start } = fakeProcesses();
  const embedder = supervisedEmbedder(resolved, { start });
  const texts = ['one', 'two', 'three', 'poison', 'five'];
  await expect(embedder.embed(texts, PASSAGE)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('Text 4 '),
  });
  const before = log.started;
  await expect(embedder.embed(['x', 'poison'], PASSAGE)).rejects.toMatchObject({
    message: expect.stringContaining('Text 2 '),
  });
  expect(log.started).toBe(before);
  const rest = await embedder.embed(
    texts.filter((text) => text !== 'poison'),
    PASSAGE,
  );
  expect(rest.vectors.map((vector) => vector[0])).toEqual([3, 3, 5, 4]);
});

it('passes on what is not a death, without a restart', async () => {
  const { log, start } = fakeProcesses();
  const embedder = supervisedEmbedder(resolved, {
    start: async () => ({
      ...(await start()),
      embed: () => Promise.reject(new RagtuiError('invalid', 'no direction')),
    }),
  });
  await expect(embedder.embed(['a'], PASSAGE)).rejects.toMatchObject({ code: 'invalid', message: 'no direction' });
  expect(log.started).toBe(1);
});

it('tries again to start after a start that failed', async () => {
  const { start } = fakeProcesses();
  let tries = 0;
  const embedder = supervisedEmbedder(resolved, {
    start: () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new RagtuiError('corrupt', 'bad file')) : start();
    },
  });
  await expect(embedder.embed(['a'], PASSAGE)).rejects.toMatchObject({ code: 'corrupt' });
  expect((await embedder.embed(['a'], PASSAGE)).vectors).toHaveLength(1);
});
