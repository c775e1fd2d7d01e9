import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobFiles, jobFolder, writeJsonFile } from '../../src/jobs/folder.ts';
import { storeIdentity } from '../../src/jobs/identity.ts';
import { addEndpoint } from '../../src/models/endpoint-entries.ts';
import { workerPath } from '../../src/platform/entry.ts';
import { processIdentity, waitUntil } from '../../src/platform/processes.ts';
import type { TelemetrySample } from '../../src/serving/metrics-types.ts';
import type { TelemetryWorker } from '../../stores/telemetry.ts';
import { realTelemetry } from '../../stores/telemetry-port.ts';
import { type FakeOpenAi, fakeOpenAi, status } from '../support/fake-openai.ts';
import { ensureBuilt } from '../support/models.ts';
import { TestWorkspace } from '../support/workspace.ts';

let workspace: TestWorkspace;
let server: FakeOpenAi;
let worker: TelemetryWorker | undefined;
beforeAll(ensureBuilt);
beforeEach(async () => {
  workspace = new TestWorkspace();
  server = await fakeOpenAi();
});
afterEach(async () => {
  worker?.stop();
  worker = undefined;
  await server.close();
  await workspace.remove();
});

/** The worker, with what it said. */
function start() {
  const samples: TelemetrySample[] = [];
  const ends: string[] = [];
  worker = realTelemetry(workspace.paths).start({
    onSample: (sample) => samples.push(sample),
    onEnd: (reason) => ends.push(reason),
  });
  return { worker, samples, ends };
}

/** A running `serve` job whose worker is this very process: to be forgotten before somebody stops it. */
function pretendServer(model: string, key: string): { forget: () => void } {
  const id = '20261123-061530-serve-4f2a';
  const folder = jobFolder(workspace.paths, id);
  mkdirSync(folder, { recursive: true });
  const files = jobFiles(folder);
  const work = {
    kind: 'serve',
    engine: 'vllm',
    model,
    contextTokens: 2048,
    idleMinutes: 0,
    adapters: [],
    kvCacheGiB: 1,
  };
  writeJsonFile(files.spec, { version: 1, id, name: model, createdAt: new Date().toISOString(), work });
  writeJsonFile(files.endpoint, { url: server.url, key, model, ready: true });
  storeIdentity(files.worker, process.pid);
  return { forget: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Processes below us that run the worker. */
const workerPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const own = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(process.pid);
        return own && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(workerPath('telemetry'));
      } catch {
        return false;
      }
    });

describe('the telemetry worker', () => {
  it('looks at a process and what is below it, by its id', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
    try {
      const { worker: telemetry, samples } = start();
      telemetry.watch({ type: 'watch', llms: [], pids: [process.pid, 2 ** 30], everyMs: 100 });
      const own = () => samples.at(-1)?.processes.find(({ pid }) => pid === process.pid);
      expect(await waitUntil(() => (own()?.processes.cores ?? null) !== null, 30_000)).toBe(true);
      expect(samples.at(-1)?.processes).toHaveLength(1);
      // Ourselves, the worker, and the child.
      expect(own()?.processes.processes).toBeGreaterThanOrEqual(3);
      expect(own()?.processes.memory).toBeGreaterThan(20e6);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('looks again and again while something runs, and twice at what rests', async () => {
    let tokens = 0;
    server.script((response, request) => {
      tokens += 40;
      const body = `vllm:num_requests_running 2\nvllm:generation_tokens_total ${tokens}\n`;
      return status(200, body)(response, request);
    });
    await addEndpoint(workspace.paths, { name: 'recorded', kind: 'chat', url: server.url, model: 'm' });
    const { worker: telemetry, samples, ends } = start();
    telemetry.watch({ type: 'watch', llms: ['nobody-serves-this', 'recorded'], pids: [], everyMs: 100 });
    expect(await waitUntil(() => samples.length >= 8, 30_000)).toBe(true);
    const last = samples.at(-1);
    expect(last?.servers).toHaveLength(1);
    expect(last?.servers[0]).toMatchObject({
      names: ['recorded'],
      engine: 'vllm',
      state: 'ok',
      figures: { running: 2 },
    });
    expect(last?.servers[0]?.figures?.generationRate).toBeGreaterThan(0);
    expect(last?.machine.memoryTotal).toBeGreaterThan(0);
    expect(last?.machine.cpu).not.toBeNull();
    telemetry.watch({ type: 'watch', llms: ['recorded'], pids: [], everyMs: 0 });
    const rested = samples.length;
    expect(await waitUntil(() => samples.length >= rested + 2, 30_000)).toBe(true);
    expect(ends).toEqual([]);
  });

  it('takes the key of a server of ours from its job; no message holds it', async () => {
    server.script(status(200, 'vllm:num_requests_running 0\n'));
    const { forget } = pretendServer('base', 'sk-of-the-job');
    const { worker: telemetry, samples } = start();
    telemetry.watch({ type: 'watch', llms: ['base@vllm'], pids: [], everyMs: 0 });
    const came = await waitUntil(() => samples.length > 0, 30_000);
    forget();
    expect(came).toBe(true);
    expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/metrics', 'Bearer sk-of-the-job'],
    ]);
    expect(samples[0]?.servers[0]).toMatchObject({ names: ['base@vllm'], engine: 'vllm', state: 'ok' });
    expect(samples[0]?.servers[0]?.processes?.memory).toBeGreaterThan(10e6);
    expect(JSON.stringify(samples)).not.toContain('sk-of-the-job');
  });

  it('says when it was killed, and not when it was told to end', async () => {
    const first = start();
    first.worker.watch({ type: 'watch', llms: [], pids: [], everyMs: 0 });
    expect(await waitUntil(() => first.samples.length > 0, 30_000)).toBe(true);
    for (const pid of workerPids()) process.kill(pid, 'SIGKILL');
    expect(await waitUntil(() => first.ends.length > 0, 30_000)).toBe(true);
    expect(first.ends).toEqual(['SIGKILL']);
    const second = start();
    second.worker.watch({ type: 'watch', llms: [], pids: [], everyMs: 0 });
    expect(await waitUntil(() => second.samples.length > 0, 30_000)).toBe(true);
    second.worker.stop();
    expect(await waitUntil(() => workerPids().length === 0, 30_000)).toBe(true);
    expect(second.ends).toEqual([]);
  });

  it('ends with who started it, however that ended', async () => {
    const script = `const { fork } = require('node:child_process');
      const child = fork(${JSON.stringify(workerPath('telemetry'))}, { execArgv: [] });
      child.on('message', () => process.stdout.write(child.pid + '\\n'));
      child.send({ type: 'watch', llms: [], pids: [], everyMs: 100 });`;
    const parent = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, RAGTUI_HOME: workspace.paths.home },
    });
    let said = '';
    parent.stdout.on('data', (text) => (said += String(text)));
    expect(await waitUntil(() => said.includes('\n'), 30_000)).toBe(true);
    const pid = Number(said.split('\n')[0]);
    expect(processIdentity(pid)).toBeDefined();
    parent.kill('SIGKILL');
    expect(await waitUntil(() => processIdentity(pid) === undefined, 30_000)).toBe(true);
  });
});
