import { describe, expect, test } from 'vitest';
import { waitForJob } from '../../src/jobs/control.ts';
import { sshdIsHere, withSshd } from '../support/far-host.ts';
import { useFarTraining } from '../support/far-training.ts';

// The short selection of test/cluster/ (`npm run test:cluster`).

describe.skipIf(!sshdIsHere)(`a training on another host (${withSshd})`, () => {
  const it = useFarTraining();

  test('goes on over a connection that is cut, with every line once, and its result comes here', async () => {
    const job = await it.start('gate');
    await it.untilStep(job, 3);
    expect(it.far.cutConnections()).toBe(1);
    it.letGo();
    const end = await waitForJob(it.paths, job.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(it.metric(end, 'loss')).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, 3 - step / 10]));
    const { here, there } = it.printed(end);
    expect(here).toBe(there);
  });
});
