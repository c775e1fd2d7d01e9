import { expect, test } from 'vitest';
import { readEarlyEnd } from '../../../src/training/failures/early-end.ts';

const JOB = '20261129-040000-train-llm-0001';

test('a run that ended well before its last step is told with how to go on', () => {
  expect(readEarlyEnd('LLaMA-Factory', JOB, { step: 3, totalSteps: 6 })).toMatchObject({
    kind: 'killed',
    message: 'LLaMA-Factory ended at step 3 of 6: something outside told it to stop.',
    hint: `Go on from its checkpoint: ragtui jobs resume ${JOB}`,
  });
});

test('one that did all steps, or told of none, ended well', () => {
  expect(readEarlyEnd('LLaMA-Factory', JOB, { step: 6, totalSteps: 6 })).toBeUndefined();
  // Resumed at its last step it has nothing to say.
  expect(readEarlyEnd('FlagEmbedding', JOB, { step: 0, totalSteps: 0 })).toBeUndefined();
});
