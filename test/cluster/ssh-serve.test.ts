import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { cleanHost } from '../../src/hosts/clean.ts';
import { runStatus } from '../../src/hosts/run.ts';
import type { KnownHost } from '../../src/hosts/types.ts';
import { stopJob } from '../../src/jobs/control.ts';
import { endpointFileSchema, identityFileSchema, jobFiles, readJsonFile } from '../../src/jobs/folder.ts';
import { listJobs, readJob } from '../../src/jobs/registry.ts';
import type { JobView } from '../../src/jobs/types.ts';
import { type ChatOptions, streamChat } from '../../src/models/endpoint.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { waitUntil } from '../../src/platform/processes.ts';
import { loadAdapterVersion } from '../../src/serving/adapters/change.ts';
import { ensureJob, untilServed } from '../../src/serving/llama.ts';
import { llmResolver } from '../../src/serving/resolve.ts';
import type { ServeWork } from '../../src/serving/types.ts';
import { startSlowProxy } from '../support/bad-network.ts';
import { addFarHost, type FarHost, sshdIsHere, withSshd } from '../support/far-host.ts';
import { useFarServing, vllmDoes } from '../support/far-serving.ts';
import { writeRandomAdapter } from '../support/random-adapter.ts';

// A vLLM server (its stand-in) behind a real sshd on loopback, reached through a port here.

/** What the stand-in does by the length that is asked for. */
const HOLDS_AFTER_A_WORD = 998;

describe.skipIf(!sshdIsHere)(`a server on another host (${withSshd})`, () => {
  let far: FarHost;
  let host: KnownHost;
  let home: string;
  let paths: WorkspacePaths;
  useFarServing((world) => {
    ({ far, host, home, paths } = world);
    mkdirSync(path.join(home, 'base-hf'));
    writeFileSync(path.join(home, 'base-hf', 'config.json'), '{}');
    writeRandomAdapter(path.join(home, 'tune'), { seed: 1, rank: 8, alpha: 16, dtype: 'F32' });
    writeRandomAdapter(path.join(home, 'next'), { seed: 2, rank: 8, alpha: 16, dtype: 'F32' });
  });

  const work = (alias = 'far'): ServeWork => ({
    engine: 'vllm',
    model: 'base',
    contextTokens: 2048,
    idleMinutes: 0,
    adapters: [{ name: 'sft', path: path.join(home, 'tune') }],
    weights: path.join(home, 'base-hf'),
    kvCacheGiB: 1,
    launcher: `ssh:${alias}`,
    vllm: { drainSeconds: 1 },
  });
  const served = async (alias?: string): Promise<JobView> => {
    const job = await ensureJob(paths, work(alias));
    await untilServed(paths, job.spec.id, 'base', {});
    return job;
  };
  const ask = async (llm: string, maxTokens = 16, options: ChatOptions = {}) =>
    streamChat(
      await llmResolver(paths)(llm, {}),
      { messages: [{ role: 'user', content: 'Hi' }], sampling: { temperature: 0, seed: 1, maxTokens } },
      options,
    );
  const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
    const reached = await waitUntil(condition, 60_000);
    const jobs = listJobs(paths).map(({ state, reason, progress, error }) => ({ state, reason, progress, error }));
    expect(reached, `${what}: ${JSON.stringify(jobs)}`).toBe(true);
  };
  const reasonOf = (job: JobView): string => readJob(paths, job.spec.id).reason;

  test('is started there, answers at a port here, and a stop leaves nobody; its key is in no argument', async () => {
    const job = await served();
    expect(readJob(paths, job.spec.id)).toMatchObject({ state: 'running', far: { host: 'far', open: true } });
    expect((await ask('base@vllm')).text).toBe('So it is');
    expect((await ask('sft')).text).toBe('So it is');
    const { url, key } = endpointFileSchema.parse(readJsonFile(jobFiles(job.folder).endpoint, endpointFileSchema));
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const words = argumentsOf(pid);
      expect(words.some((word) => word.includes(key) || Buffer.from(word, 'base64url').includes(key))).toBe(false);
    }
    expect(await loadAdapterVersion(paths, `sft=${path.join(home, 'next')}`)).toMatchObject({
      current: { served: 'sft.v2' },
    });

    expect(await stopJob(paths, job.spec.id)).toMatchObject({ state: 'stopped', far: { open: false } });
    const run = readJob(paths, job.spec.id).far?.run ?? '';
    expect(await runStatus(host, run)).toMatchObject({ state: 'over', keeper: false, program: false });
    await expect(fetch(`${url}/models`)).rejects.toThrow();
    expect(await cleanHost(host, { stop: false })).toEqual({ live: [], deleted: true });
    expect(existsSync(host.facts.root)).toBe(false);
  });

  test('a connection that is cut in the middle of an answer ends that one; the next question is answered at the same address', async () => {
    const job = await served();
    const { url } = await llmResolver(paths)('base', {});
    let cut = 0;
    const answer = ask('base', HOLDS_AFTER_A_WORD, {
      onDelta: () => {
        cut += far.cutConnections();
      },
    });
    await expect(answer).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/ended the connection in the middle of an answer/),
    });
    expect(cut).toBe(1);
    expect((await ask('base')).text).toBe('So it is');
    expect((await llmResolver(paths)('base', {})).url).toBe(url);
    await until('reached again', () => readJob(paths, job.spec.id).state === 'running' && reasonOf(job) === '');
  });

  test('a line that stands still is given up within half a minute, and the next question is answered when it moves', async () => {
    const proxy = await startSlowProxy(far.port + 1, far.port);
    try {
      await addFarHost(paths, 'far-proxy', host.facts);
      const job = await served('far-proxy');
      let frozenAt = 0;
      const answer = ask('base', HOLDS_AFTER_A_WORD, {
        onDelta: () => {
          proxy.frozen = true;
          frozenAt = performance.now();
        },
      });
      await expect(answer).rejects.toMatchObject({
        code: 'network',
        message: expect.stringMatching(/in the middle of an answer/),
      });
      expect(performance.now() - frozenAt).toBeLessThan(45_000);
      await until('unreachable', () => /^far-proxy unreachable since \d{4}-/.test(reasonOf(job)));
      proxy.frozen = false;
      await until('reached again', () => reasonOf(job) === '');
      expect((await ask('base')).text).toBe('So it is');
    } finally {
      proxy.frozen = false;
      for (const job of listJobs(paths)) await stopJob(paths, job.spec.id);
      await proxy.close();
    }
  });

  test('a host that is down: the job says since when, requests are told why, and all goes on when it is back', async () => {
    const job = await served();
    const endpoint = await llmResolver(paths)('base', {});
    far.stop();
    await until('unreachable', () => /^far unreachable since \d{4}-/.test(reasonOf(job)));
    const question = {
      messages: [{ role: 'user' as const, content: 'Hi' }],
      sampling: { temperature: 0, seed: 1, maxTokens: 9 },
    };
    await expect(streamChat(endpoint, question)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/far cannot be reached/),
    });
    far.start();
    await until('reached again', () => reasonOf(job) === '');
    expect((await streamChat(endpoint, question)).text).toBe('So it is');
  });

  test('supervisor and worker killed here: it is said that it goes on there, and a stop ends it', async () => {
    const job = await served();
    for (const one of ['supervisor', 'worker'] as const) {
      process.kill(readJsonFile(jobFiles(job.folder)[one], identityFileSchema)?.pid ?? 0, 'SIGKILL');
    }
    await until('lost', () => readJob(paths, job.spec.id).state === 'lost');
    expect(reasonOf(job)).toContain('far may go on');
    await stopJob(paths, job.spec.id);
    const { far: left } = readJob(paths, job.spec.id);
    expect([left?.open, (await runStatus(host, left?.run ?? '')).state]).toEqual([false, 'over']);
  });

  test('one that fails there says why, as one here does', async () => {
    vllmDoes(far, 'memory');
    const job = await ensureJob(paths, work());
    await expect(untilServed(paths, job.spec.id, 'base', {})).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/19\.27\/23\.54 GiB free/),
    });
  });
});

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // It has ended.
  }
}
