import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { importDataset } from '../../src/datasets/import.ts';
import { cleanHost } from '../../src/hosts/clean.ts';
import { runStatus } from '../../src/hosts/run.ts';
import type { KnownHost } from '../../src/hosts/types.ts';
import { waitForJob } from '../../src/jobs/control.ts';
import { endpointFileSchema, identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobView } from '../../src/jobs/types.ts';
import { addLocalModel } from '../../src/models/own.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { readRecipeStatus, resumeRecipe } from '../../src/recipes/control.ts';
import { inspectRecipe } from '../../src/recipes/inspect.ts';
import { writeChatFolder } from '../support/chat-model.ts';
import { type FarHost, sshdIsHere, withSshd } from '../support/far-host.ts';
import { useFarServing } from '../support/far-serving.ts';

// A recipe whose server (vLLM's stand-in) runs behind a real sshd on loopback, and whose evaluation asks it.

/** The stand-in holds answers of this length until it is told. */
const HELD = 999;

const RECIPE = `recipe: 1
name: elsewhere
vars: {launcher: local}
datasets:
  rows: {use: asked}
deploy:
  own: {model: toy, engine: vllm, launcher: "\${launcher}"}
columns:
  own: {llm: toy@vllm, context: gold, max-tokens: ${HELD}}
evaluate:
  answers: {dataset: rows, columns: [own], metrics: [exact], baselines: false, concurrency: 1}
`;

describe.skipIf(!sshdIsHere)(`a recipe that serves on another host (${withSshd})`, () => {
  let far: FarHost;
  let host: KnownHost;
  let home: string;
  let paths: WorkspacePaths;
  useFarServing(async (world) => {
    ({ far, host, home, paths } = world);
    const base = path.join(home, 'toy-hf');
    writeChatFolder(base);
    writeFileSync(path.join(base, 'model.safetensors'), 'none');
    await addLocalModel(paths, { name: 'toy', path: base, kind: 'chat' });
    const rows = path.join(home, 'asked.json');
    const row = (n: number) => ({ question: `What is ${n}?`, context: `It is so, ${n}.`, answer: 'So it is' });
    writeFileSync(rows, JSON.stringify([1, 2, 3, 4, 5].map(row)));
    await importDataset(paths, rows, {});
  });

  const jobsOf = (kind: JobView['spec']['work']['kind']) =>
    listJobs(paths).filter(({ spec }) => spec.work.kind === kind);
  const stepOf = (recipe: JobView, kind: string) =>
    readRecipeStatus(readJob(paths, recipe.spec.id).folder)?.steps.find((step) => step.kind === kind);
  const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
    const reached = await waitUntil(condition, 90_000);
    const jobs = listJobs(paths).map(({ spec, state, reason, error }) => [spec.work.kind, state, reason, error]);
    expect(reached, `${what}: ${JSON.stringify(jobs)}`).toBe(true);
  };
  const kill = (job: JobView) => {
    for (const one of ['supervisor', 'worker'] as const) {
      process.kill(readJsonFile(jobFiles(job.folder)[one], identityFileSchema)?.pid ?? 0, 'SIGKILL');
    }
  };
  const one = (jobs: readonly JobView[]): JobView => {
    const [job] = jobs;
    if (!job || jobs.length > 1) throw new Error(`${jobs.length} jobs where one was to be`);
    return job;
  };

  /** Runs the recipe until it has one answer; the next question waits at the server. */
  async function asking(): Promise<JobView> {
    const wish = { file: path.join(home, 'x.yaml'), cwd: home, text: RECIPE, vars: { launcher: 'ssh:far' } };
    const { work, problems } = inspectRecipe(paths, wish);
    expect(problems).toEqual([]);
    const recipe = await launchJob(paths, { kind: 'recipe', ...work });
    await until('an answer', async () => {
      await letGo(jobsOf('serve')[0]);
      return jobsOf('evaluate').some(({ progress }) => (progress?.done ?? 0) > 0);
    });
    return recipe;
  }
  /** Lets all held answers go, again and again, until the recipe is over. */
  async function answered(recipe: JobView, server: () => JobView | undefined): Promise<JobView> {
    await until('the end', async () => {
      await letGo(server());
      return isOver(readJob(paths, recipe.spec.id).state);
    });
    return waitForJob(paths, recipe.spec.id);
  }
  /** What the stand-in holds now is answered; of one that cannot be asked nothing is held. */
  async function letGo(job: JobView | undefined): Promise<void> {
    const endpoint = job && readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema);
    if (!endpoint?.ready) return;
    const headers = { authorization: `Bearer ${endpoint.key}` };
    const response = await fetch(`${endpoint.url}/models`, { headers }).catch(() => undefined);
    const said: unknown = await response?.json().catch(() => undefined);
    if (typeof said === 'object' && said && 'server' in said) process.kill(Number(said.server), 'SIGUSR2');
  }

  test('says where it serves; killed and resumed it finds its server there; at the end nothing is left', async () => {
    const recipe = await asking();
    const server = one(jobsOf('serve'));
    expect(server.spec.work).toMatchObject({ launcher: 'ssh:far', engine: 'vllm' });
    expect(stepOf(recipe, 'deploy')).toMatchObject({
      title: 'serve own (ssh:far)',
      state: 'running',
      detail: 'toy on vllm (ssh:far)',
    });
    kill(recipe);
    await until('lost', () => readJob(paths, recipe.spec.id).state === 'lost');
    const resumed = await resumeRecipe(paths, recipe.spec.id);
    const end = await answered(resumed, () => jobsOf('serve')[0]);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(one(jobsOf('serve')).spec.id).toBe(server.spec.id);
    expect(one(jobsOf('evaluate')).state).toBe('succeeded');
    expect(stepOf(resumed, 'evaluate')?.detail).toBe('5 items, exact own 100.0');
    expect(await runStatus(host, server.far?.run ?? '')).toMatchObject({
      state: 'over',
      keeper: false,
      program: false,
    });
    expect(await cleanHost(host, { stop: false })).toEqual({ live: [], deleted: true });
    expect(existsSync(host.facts.root)).toBe(false);
  });

  test('a host that is gone in the middle of a question: the evaluation waits, the step says so, no question is lost', async () => {
    const recipe = await asking();
    far.stop();
    await until('told', () =>
      /waits until it is back: .*\bfar\b/.test(stepOf(recipe, 'evaluate')?.progress?.phase ?? ''),
    );
    far.start();
    const end = await answered(recipe, () => jobsOf('serve')[0]);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(stepOf(recipe, 'evaluate')?.detail).toBe('5 items, exact own 100.0');
    expect(jobsOf('serve')).toHaveLength(1);
  });

  test('everything here killed: what goes on there is ended by the resume, and one server takes its place', async () => {
    const recipe = await asking();
    const first = one(jobsOf('serve'));
    const all = [recipe, first, one(jobsOf('evaluate'))];
    for (const job of all) kill(job);
    await until('lost', () => all.every(({ spec }) => readJob(paths, spec.id).state === 'lost'));
    expect((await runStatus(host, first.far?.run ?? '')).state).toBe('running');
    const resumed = await resumeRecipe(paths, recipe.spec.id);
    const second = () => jobsOf('serve').find(({ spec }) => spec.id !== first.spec.id);
    await until('a second server', () => second()?.state === 'running');
    expect((await runStatus(host, first.far?.run ?? '')).state).toBe('over');
    const end = await answered(resumed, second);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(jobsOf('serve')).toHaveLength(2);
    for (const { far: run } of jobsOf('serve')) {
      expect([run?.open, (await runStatus(host, run?.run ?? '')).state]).toEqual([false, 'over']);
    }
  });
});
