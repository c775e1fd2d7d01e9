import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { waitUntil } from '../../src/platform/processes.ts';
import { createDeployStore } from '../../stores/deploy.ts';
import { realDeploy } from '../../stores/deploy-port.ts';
import { createJobsStore } from '../../stores/jobs.ts';
import { createModelsStore } from '../../stores/models.ts';
import { realJobs, realModels } from '../../stores/ports.ts';
import { fakeTelemetry } from '../store/telemetry-fakes.ts';
import { ensureBuilt, ensureModels } from '../support/models.ts';
import { CommandWorkspace } from '../support/ragtui.ts';

const LLM = 'smollm2-135m-instruct';
const PATIENT = 60_000;

let workspace: CommandWorkspace;
const closing: (() => void)[] = [];
beforeAll(async () => {
  ensureBuilt();
  await ensureModels([LLM]);
});
beforeEach(() => {
  workspace = new CommandWorkspace();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await workspace.close();
});

/** The stores of one window over the real workspace. */
function openWindow() {
  const schedule = (publish: () => void): void => publish();
  const now = () => performance.now();
  const jobs = createJobsStore({ jobs: realJobs(workspace.paths), schedule });
  const models = createModelsStore({ models: realModels(workspace.paths), schedule, now });
  const deploy = createDeployStore({
    deploy: realDeploy(workspace.paths, workspace.env),
    telemetry: fakeTelemetry().port,
    jobs,
    models,
    schedule,
    now,
  });
  closing.push(jobs.getState().open(), () => deploy.getState().close());
  deploy.getState().refresh();
  const states = () => (deploy.getState().servers ?? []).map(({ job }) => job.state);
  return { jobs, deploy, states };
}

it('two windows see the same servers, and a stop in one is seen in the other', async () => {
  const [one, other] = [openWindow(), openWindow()];
  one.deploy.getState().configure({ model: LLM, engine: 'llama' });
  expect(await waitUntil(() => one.deploy.getState().plan !== null, PATIENT)).toBe(true);
  expect(one.deploy.getState().plan?.parts.map(({ what }) => what)).toEqual(['weights', 'context', 'process']);
  const id = await one.deploy.getState().start();
  expect(await waitUntil(() => other.states()[0] === 'running', PATIENT)).toBe(true);
  expect(other.deploy.getState().servers?.[0]?.job.spec.id).toBe(id);

  // Asked in the window that did not start it; what it says is counted there.
  await other.deploy.getState().ask({ kind: 'own', job: id, model: LLM }, 'Say hello.');
  const { chat, tally } = other.deploy.getState();
  expect(chat?.error).toBeNull();
  expect(chat?.text.length).toBeGreaterThan(0);
  expect(tally.of(id, LLM)).toMatchObject({ count: 1, failed: 0 });

  await other.jobs.getState().stop(id);
  expect(await waitUntil(() => one.states()[0] === 'stopped', PATIENT)).toBe(true);
  expect(() => one.deploy.getState().curl({ kind: 'own', job: id, model: LLM })).toThrow(/does not answer/);
});
