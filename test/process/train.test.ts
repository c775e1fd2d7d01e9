import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { importDataset } from '../../src/datasets/import.ts';
import { resumeJob, stopJob, waitForJob } from '../../src/jobs/control.ts';
import { parseEvent } from '../../src/jobs/events.ts';
import { identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { launchJob } from '../../src/jobs/launcher.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import { isOver, type JobEvent, type JobView } from '../../src/jobs/types.ts';
import { listAdapters } from '../../src/models/store.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import { type WorkspacePaths, workspacePaths } from '../../src/platform/paths.ts';
import { isAlive, processIdentity, waitUntil } from '../../src/platform/processes.ts';
import { readCard } from '../../src/training/card.ts';
import { exportCurves } from '../../src/training/export-curves.ts';
import { readFailureFile } from '../../src/training/failures/file.ts';
import { readCurves } from '../../src/training/read-curves.ts';
import { tunedFolder } from '../../src/training/tuned.ts';
import type { Training } from '../../src/training/types.ts';
import { FAKE_BASE, fakeTraining } from '../support/fake-training.ts';

const training: Training = {
  dataset: 'questions',
  split: 'all',
  base: FAKE_BASE,
  name: 'mine',
  preset: 'cpu',
  settings: {},
  seed: 42,
};

let home: string;
let paths: WorkspacePaths;

beforeEach(async () => {
  // Blanks in paths must work: LLaMA-Factory's launcher cuts its command line at them.
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui train '));
  paths = workspacePaths(home, {});
  await fakeTraining(paths);
});
afterEach(async () => {
  delete process.env['FAKE_ENGINE'];
  for (const job of listJobs(paths)) {
    if (!isOver(job.state)) await stopJob(paths, job.spec.id, { grace: { ask: 0.1, terminate: 0.1 } });
  }
  rmSync(home, { recursive: true, force: true });
});

function start(behaviour: string): Promise<JobView> {
  process.env['FAKE_ENGINE'] = behaviour;
  return launchJob(paths, { kind: 'train-llm', ...training });
}

const eventsOf = (job: JobView): JobEvent[] =>
  readFileSync(jobFiles(job.folder).events, 'utf8')
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? []);
async function ragtui(args: readonly string[]): Promise<{ code: number | null; stdout: string }> {
  const program = path.join(packageRoot(), 'bin', 'ragtui.js');
  const env = {
    ...process.env,
    RAGTUI_HOME: home,
    RAGTUI_CONFIG_HOME: path.join(home, 'config'),
    // The stand-ins for model and engine lie there, not in the caches of whoever runs the tests.
    RAGTUI_MODELS_CACHE: paths.models,
    RAGTUI_ENGINES_CACHE: paths.engines,
    NO_COLOR: '1',
  };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, stdout };
}
const metric = (job: JobView, name: string) =>
  eventsOf(job).flatMap((event) => (event.type === 'metric' && event.name === name ? [[event.step, event.value]] : []));
async function untilStep(job: JobView, step: number): Promise<void> {
  const reached = await waitUntil(() => (readJob(paths, job.spec.id).progress?.done ?? 0) >= step, 30_000);
  // Where it stands instead, should it fail.
  const { state, reason, progress, error } = readJob(paths, job.spec.id);
  expect(reached, JSON.stringify({ state, reason, progress, error })).toBe(true);
}

describe('a training job', () => {
  test('trains, keeps its numbers and registers the adapter', async () => {
    const end = await waitForJob(paths, (await start('ok')).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(metric(end, 'grad_norm')).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, step / 10]));
    expect(metric(end, 'learning_rate')).toHaveLength(6);
    expect(end.progress).toMatchObject({ done: 6, total: 6, unit: 'steps' });
    const [adapter] = listAdapters(paths);
    expect(adapter).toMatchObject({
      name: 'mine',
      base: FAKE_BASE,
      path: tunedFolder(paths, 'mine').result,
      rank: 8,
      alpha: 16,
      // ChatML with a system text of its own that no family has: the first of those that write the rest so.
      template: 'smollm2',
      templateSystem: 'Count.',
      lineage: {
        dataset: 'questions',
        rows: 4,
        steps: 6,
        engine: 'llamafactory 0.9.5',
        templateCheck: expect.stringMatching(/^same tokens \(\d+\) as served from transformers and gguf$/),
      },
    });
    const weights = readFileSync(path.join(tunedFolder(paths, 'mine').result, 'adapter_model.safetensors'));
    expect(adapter?.sha256).toBe(createHash('sha256').update(weights).digest('hex'));
    const card = readCard(tunedFolder(paths, 'mine').result);
    expect(card).toMatchObject({
      name: 'mine',
      kind: 'adapter',
      method: 'lora',
      stage: 'sft',
      data: { name: 'questions', rows: 4, split: 'all' },
      template: { name: 'smollm2', system: 'Count.', check: expect.stringMatching(/^same tokens/) },
      settings: { lora_rank: 8, template: 'smollm2' },
      curve: { steps: 6, firstLoss: 2.9, lastLoss: 2.4, lowestLoss: 2.4 },
      versions: { llamafactory: '0.9.5' },
    });
    expect(card?.files).toContainEqual({
      name: 'adapter_model.safetensors',
      bytes: weights.length,
      sha256: adapter?.sha256,
    });
    expect(readFileSync(path.join(tunedFolder(paths, 'mine').result, 'README.md'), 'utf8')).toMatch(
      /- Loss: 2\.9000 → 2\.4000 in 6 steps/,
    );
    const logged = eventsOf(end).flatMap((event) => (event.type === 'log' ? [event.text] : []));
    expect(logged).toContain('Corrected eos_token_id: Transformers derived 1, the GGUF says 2');
  });

  test('stops with a checkpoint; the job that resumes has the whole curve, every step once', async () => {
    const first = await start('wait');
    await untilStep(first, 3);
    const stopped = await stopJob(paths, first.spec.id);
    expect(stopped.state).toBe('stopped');
    expect(listAdapters(paths)).toEqual([]);
    process.env['FAKE_ENGINE'] = 'ok';
    const second = await resumeJob(paths, first.spec.id);
    const end = await waitForJob(paths, second.spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    expect(metric(stopped, 'loss').map(([step]) => step)).toEqual([1, 2, 3]);
    // The engine logged step 3 after its checkpoint of step 2 and does it again; the new job tells the whole curve.
    expect(metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(metric(end, 'grad_norm')).toEqual([1, 2, 3, 4, 5, 6].map((step) => [step, step / 10]));
    expect(listAdapters(paths)).toHaveLength(1);
    const { curves } = await readCurves(paths, end.spec.id);
    expect(curves.resumed).toEqual([2]);
    expect([...curves.checkpoints.keys()]).toContain(2);
    const [csv, svg, png] = exportCurves(paths.exports, [{ name: 'mine', curves }]);
    expect(readFileSync(csv ?? '', 'utf8').split('\n')).toHaveLength(8);
    expect(readFileSync(svg ?? '', 'utf8')).toContain('>loss<');
    expect(
      readFileSync(png ?? '')
        .subarray(1, 4)
        .toString('latin1'),
    ).toBe('PNG');
  });

  test('counts the seconds of all its sessions', async () => {
    const first = await start('wait');
    await untilStep(first, 3);
    await stopJob(paths, first.spec.id);
    process.env['FAKE_ENGINE'] = 'ok';
    const end = await waitForJob(paths, (await resumeJob(paths, first.spec.id)).spec.id);
    expect(end.state).toBe('succeeded');
    const seconds = JSON.parse(readFileSync(path.join(tunedFolder(paths, 'mine').root, 'seconds.json'), 'utf8'));
    expect(Object.keys(seconds)).toEqual([first.spec.id, end.spec.id]);
    const [before, after] = Object.values(seconds);
    expect(readCard(tunedFolder(paths, 'mine').result)?.seconds).toBeCloseTo(Number(before) + Number(after), 6);
  });

  test('a job that was killed after its result was registered leaves nothing to do', async () => {
    const first = await waitForJob(paths, (await start('ok')).spec.id);
    const { state, result } = jobFiles(first.folder);
    for (const file of [state, result]) rmSync(file);
    // Its supervisor ends a moment after it wrote the state.
    expect(await waitUntil(() => readJob(paths, first.spec.id).state === 'lost', 10_000)).toBe(true);
    const again = await waitForJob(paths, (await resumeJob(paths, first.spec.id)).spec.id);
    expect([again.state, again.error]).toEqual(['succeeded', null]);
    expect(metric(again, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(listAdapters(paths)).toHaveLength(1);
  });

  test('what an engine writes is for its user alone', async () => {
    await waitForJob(paths, (await start('ok')).spec.id);
    const { root } = tunedFolder(paths, 'mine');
    const modes = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => {
      const found = statSync(path.join(root, name));
      return [name, (found.mode & 0o077).toString(8)];
    });
    expect(modes.filter(([, mode]) => mode !== '0')).toEqual([]);
  });

  test('one name is trained by one job at a time', async () => {
    const first = await start('wait');
    await untilStep(first, 3);
    await expect(start('ok')).rejects.toMatchObject({ code: 'busy' });
    expect(listJobs(paths)).toHaveLength(1);
  });

  test('goes on with the version of the dataset that it was started with', async () => {
    process.env['FAKE_ENGINE'] = 'wait';
    const cli = [
      'train',
      'llm',
      '--dataset',
      'questions',
      '--split',
      'all',
      '--base',
      FAKE_BASE,
      '--name',
      'mine',
      '--json',
    ];
    const { code, stdout } = await ragtui(cli);
    expect(code).toBe(0);
    const id = z.object({ job: z.object({ id: z.string() }) }).parse(JSON.parse(stdout)).job.id;
    await untilStep(readJob(paths, id), 3);
    await stopJob(paths, id);
    const file = path.join(home, 'questions.json');
    writeFileSync(file, JSON.stringify([{ instruction: 'Say 9.', input: '', output: '9', system: 'Count.' }]));
    const newer = await importDataset(paths, file, { format: 'alpaca' });
    process.env['FAKE_ENGINE'] = 'ok';
    const end = await waitForJob(paths, (await resumeJob(paths, id)).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    const [adapter] = listAdapters(paths);
    expect(adapter?.lineage).toMatchObject({ dataset: 'questions', rows: 4 });
    expect(adapter?.lineage['datasetVersion']).not.toBe(newer.manifest.version);
  });

  test('an engine that somebody else told to end is not done', async () => {
    const job = await start('wait');
    await untilStep(job, 3);
    process.kill(Number(readFileSync(path.join(tunedFolder(paths, 'mine').train, 'engine.pid'), 'utf8')), 'SIGTERM');
    const end = await waitForJob(paths, job.spec.id);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
    expect(end.error?.message).toMatch(/step 3 of 6/);
    expect(listAdapters(paths)).toEqual([]);
    process.env['FAKE_ENGINE'] = 'ok';
    const again = await waitForJob(paths, (await resumeJob(paths, job.spec.id)).spec.id);
    expect([again.state, again.error]).toEqual(['succeeded', null]);
    expect(metric(again, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ['no-newline', 'prompt', /≠ +\d+ +1 "<\|im_start\|>" +13 "\\n"/],
    ['other-system', 'prompt', /≠/],
    ['two-ends', 'answer', /≠.*"<\|im_end\|>"/],
  ])(
    'is stopped before its first step when it trains on another format than is served (%s)',
    async (behaviour, part, row) => {
      const end = await waitForJob(paths, (await start(behaviour)).spec.id);
      expect(end).toMatchObject({ state: 'failed', error: { code: 'invalid' } });
      expect(end.error?.message).toContain(`The ${part} is trained on as other tokens than it is served with`);
      expect(metric(end, 'loss')).toEqual([]);
      expect(listAdapters(paths)).toEqual([]);
      const report = readFileSync(path.join(end.folder, 'template-check.txt'), 'utf8');
      expect(report).toMatch(row);
      expect(report).toMatch(/===== trained on =====[\s\S]*===== served =====/);
      const logged = eventsOf(end).flatMap((event) => (event.type === 'log' ? [event.text] : []));
      expect(logged.join('\n')).toMatch(row);
      const check = JSON.parse(readFileSync(path.join(end.folder, 'template-check.json'), 'utf8'));
      expect(check).toMatchObject({
        template: 'smollm2',
        checks: [{ side: 'transformers', verdict: 'different' }, { side: 'gguf' }],
      });
    },
  );

  test('a final save that was interrupted is done again from the last checkpoint', async () => {
    const end = await waitForJob(paths, (await start('torn')).spec.id);
    expect([end.state, end.error]).toEqual(['succeeded', null]);
    const logged = eventsOf(end).flatMap((event) => (event.type === 'log' ? [event.text] : []));
    expect(logged.join('\n')).toMatch(/final save is not whole \(adapter_model\.safetensors is cut off\)/);
    // Not by the engine: started again after its last step it would do one more.
    expect(logged.join('\n')).toMatch(/the result is taken from checkpoint-6/);
    expect(metric(end, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(listAdapters(paths)).toMatchObject([{ name: 'mine', lineage: { steps: 6 } }]);
  });

  test('says why the engine failed', async () => {
    const end = await waitForJob(paths, (await start('oom')).spec.id);
    expect(end).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
    expect(end.error?.message).toMatch(/ran out of memory/);
    expect(listAdapters(paths)).toEqual([]);
  });

  test('after an out-of-memory keeps what shows it and names the next rung, which a command takes', async () => {
    const end = await waitForJob(paths, (await start('oom')).spec.id);
    const failure = readFailureFile(end.folder);
    expect(failure).toMatchObject({
      kind: 'memory',
      lines: [expect.stringMatching(/DefaultCPUAllocator: can't allocate memory/)],
      memory: { asked: 9 },
      rung: { id: 'micro-batch', changes: { per_device_train_batch_size: 1, gradient_accumulation_steps: 2 } },
    });
    const id = end.spec.id;
    expect(end.error?.hint).toContain(`ragtui jobs retry ${id} --next-rung`);
    expect(eventsOf(end)).toContainEqual(
      expect.objectContaining({ type: 'log', level: 'error', text: failure?.lines[0] }),
    );

    const { code, stdout } = await ragtui(['jobs', 'retry', id, '--next-rung', '--dry-run', '--json']);
    expect(code).toBe(0);
    const changed = { per_device_train_batch_size: 1, gradient_accumulation_steps: 2 };
    expect(JSON.parse(stdout)).toMatchObject({ work: { kind: 'train-llm', name: 'mine-2', settings: changed } });
    expect((await ragtui(['jobs', 'show', id])).stdout).toContain('DefaultCPUAllocator');
  });

  test('says that the engine was killed from outside', async () => {
    const end = await waitForJob(paths, (await start('killed')).spec.id);
    expect(end.state).toBe('failed');
    expect(end.error?.message).toMatch(/killed from outside/);
  });

  test('an engine that does not react to TERM is ended by force', async () => {
    const job = await start('hang');
    await untilStep(job, 3);
    const steps: string[] = [];
    const end = await stopJob(paths, job.spec.id, {
      grace: { ask: 0.5, terminate: 0.5 },
      onStep: ({ step }) => steps.push(step),
    });
    expect(end.state).toBe('stopped');
    expect(steps).toEqual(['ask', 'terminate', 'kill']);
  });

  test('no engine outlives its killed worker, and another job goes on', async () => {
    const first = await start('wait');
    await untilStep(first, 3);
    const worker = readJsonFile(jobFiles(first.folder).worker, identityFileSchema);
    const engine = processIdentity(
      Number(readFileSync(path.join(tunedFolder(paths, 'mine').train, 'engine.pid'), 'utf8')),
    );
    expect(engine && isAlive(engine)).toBe(true);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const end = await waitForJob(paths, first.spec.id);
    expect(end.state).toBe('failed');
    expect(await waitUntil(() => engine !== undefined && !isAlive(engine), 10_000)).toBe(true);
    process.env['FAKE_ENGINE'] = 'ok';
    const again = await waitForJob(paths, (await resumeJob(paths, first.spec.id)).spec.id);
    expect([again.state, again.error]).toEqual(['succeeded', null]);
    // Nothing was saved before the kill: all steps anew, each once.
    expect(metric(again, 'loss').map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(existsSync(tunedFolder(paths, 'mine').trained)).toBe(true);
  });
});
