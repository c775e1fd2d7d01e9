import { expect, it } from 'vitest';
import { patientKb } from '../../../src/evaluation/patient-kb.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';

/** A service that fails so often, then lists nothing. */
function service(failures: number, code: 'unavailable' | 'not-found' = 'unavailable') {
  const waits: number[] = [];
  let calls = 0;
  const kb = patientKb(
    {
      call: async () => {
        calls += 1;
        if (calls <= failures) throw new RagtuiError(code, 'gone');
        return JSON.parse('{"knowledgeBases":[]}');
      },
    },
    {
      waitMs: [1, 3],
      pause: async (ms) => {
        waits.push(ms);
      },
    },
  );
  return { kb, waits, calls: () => calls };
}

it('asks again after each pause, and then no more', async () => {
  const back = service(2);
  expect(await back.kb.call('kb.list', {})).toEqual({ knowledgeBases: [] });
  expect([back.waits, back.calls()]).toEqual([[1, 3], 3]);
  const gone = service(9);
  await expect(gone.kb.call('kb.list', {})).rejects.toMatchObject({ code: 'unavailable' });
  expect(gone.calls()).toBe(3);
});

it('what would be wrong again is said at once', async () => {
  const wrong = service(1, 'not-found');
  await expect(wrong.kb.call('kb.list', {})).rejects.toMatchObject({ code: 'not-found' });
  expect(wrong.calls()).toBe(1);
});
