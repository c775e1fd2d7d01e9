import { afterEach, describe, expect, it } from 'vitest';
import { createObserver } from '../../../src/serving/metrics-observer.ts';
import { scrapeServer } from '../../../src/serving/metrics-scrape.ts';
import type { MetricsTarget } from '../../../src/serving/metrics-targets.ts';
import { type FakeOpenAi, type FakeReply, fakeOpenAi, status } from '../../support/fake-openai.ts';

const BODY = 'vllm:num_requests_running 1\nvllm:generation_tokens_total 5\n';
const servers: FakeOpenAi[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serving(...replies: FakeReply[]): Promise<FakeOpenAi> {
  const server = await fakeOpenAi();
  servers.push(server);
  server.script(...replies);
  return server;
}

const stateOf = async (reply: FakeReply, key?: string): Promise<string> => {
  const { url } = await serving(reply);
  return (await scrapeServer({ url, model: 'm', key })).state;
};

describe('a scrape', () => {
  it('asks beside /v1, with the key', async () => {
    const server = await serving(status(200, BODY));
    const result = await scrapeServer({ url: server.url, model: 'm', key: 'sk-metrics' });
    expect(result).toMatchObject({ state: 'ok', reading: { engine: 'vllm', running: 1, generationTokens: 5 } });
    expect(server.requests[0]?.path).toBe('/metrics');
    expect(server.requests[0]?.headers.authorization).toBe('Bearer sk-metrics');
  });

  it('tells apart why there are no numbers', async () => {
    expect(await stateOf(status(401, 'no'))).toBe('denied');
    expect(await stateOf(status(403, 'no'))).toBe('denied');
    expect(await stateOf(status(404, 'no'))).toBe('silent');
    expect(await stateOf(status(501, 'start with --metrics'))).toBe('silent');
    expect(await stateOf(status(503, 'loading'))).toBe('unreachable');
    expect(await stateOf(status(200, '<html>hello</html>'))).toBe('garbage');
    expect(await stateOf(status(200, ''))).toBe('garbage');
    expect(await stateOf((response) => void response.socket?.destroy())).toBe('unreachable');
  });

  it('does not follow a redirect with a key', async () => {
    const other = await serving(status(200, BODY));
    const moved = await serving(status(302, 'over there', { location: other.url }));
    expect((await scrapeServer({ url: moved.url, model: 'm', key: 'sk-metrics' })).state).toBe('unreachable');
    expect(other.requests).toEqual([]);
  });

  it('reads four megabytes and no more', async () => {
    const line = `vllm:other_metric{label="${'x'.repeat(1000)}"} 1\n`;
    const fits = BODY + line.repeat(Math.floor((4 * 1024 * 1024 - BODY.length) / line.length));
    expect(await stateOf(status(200, fits))).toBe('ok');
    expect(await stateOf(status(200, fits + line))).toBe('garbage');
  });

  it('does not wait for a server that says nothing, or stops within', async () => {
    const quiet = await serving(() => {});
    expect((await scrapeServer({ url: quiet.url, model: 'm' }, 50)).state).toBe('slow');
    const half = await serving((response) => {
      response.writeHead(200);
      response.write('vllm:num_requests_');
    });
    expect((await scrapeServer({ url: half.url, model: 'm' }, 50)).state).toBe('slow');
  });

  it('says that nobody is there', async () => {
    const server = await fakeOpenAi();
    const { url } = server;
    await server.close();
    expect((await scrapeServer({ url, model: 'm' })).state).toBe('unreachable');
  });
});

describe('the observer', () => {
  const target = (over: Partial<MetricsTarget>): MetricsTarget => ({
    url: 'http://127.0.0.1:1/v1',
    names: ['base'],
    engine: '',
    endpoint: { url: 'http://127.0.0.1:1/v1', model: 'm' },
    pid: null,
    job: null,
    ...over,
  });
  const sampler = {
    machine: () => ({ cpu: 0.5, cores: 2, load: 1, memoryTotal: 100, memoryAvailable: 40 }),
    trees: (pids: readonly number[]) =>
      new Map(pids.map((pid) => [pid, { tree: { processes: 2, memory: 7, cores: 1.5 }, pids: [pid, pid + 1] }])),
  };
  const noGpu = async () => ({ code: null, output: '' });

  it('takes differences by its clock and says when a server began anew', async () => {
    let clock = 0;
    const server = await serving(
      status(200, 'vllm:generation_tokens_total 100\n'),
      status(200, 'vllm:generation_tokens_total 130\n'),
      status(200, 'vllm:generation_tokens_total 4\n'),
    );
    const observer = createObserver({
      targets: async () => [target({ endpoint: { url: server.url, model: 'm' } })],
      sampler,
      gpus: noGpu,
      now: () => clock,
      time: () => 1,
    });
    const rates = [];
    for (clock of [0, 1000, 2000]) {
      const { servers: seen } = await observer.look(['base']);
      rates.push([seen[0]?.engine, seen[0]?.figures?.generationRate, seen[0]?.restarted]);
    }
    expect(rates).toEqual([
      ['vllm', null, false],
      ['vllm', 30, false],
      ['vllm', null, true],
    ]);
  });

  it('leaves a server without metrics alone for a while', async () => {
    let clock = 0;
    const server = await serving(status(404, 'no'));
    const observer = createObserver({
      targets: async () => [target({ endpoint: { url: server.url, model: 'm' } })],
      sampler,
      gpus: noGpu,
      now: () => clock,
    });
    for (clock of [0, 1000, 30_000]) {
      expect((await observer.look(['base'])).servers[0]).toMatchObject({ state: 'silent', figures: null });
    }
    expect(server.requests).toHaveLength(1);
    clock = 61_000;
    await observer.look(['base']);
    expect(server.requests).toHaveLength(2);
  });

  it('adds the processes of a server of ours, and their GPU memory', async () => {
    let clock = 0;
    const observer = createObserver({
      targets: async () => [target({ endpoint: null, pid: 50, engine: 'vllm' })],
      sampler,
      gpus: async (args) =>
        args[0]?.startsWith('--query-gpu')
          ? { code: 0, output: '0, GPU-1, NVIDIA A, 10, 100, 1000, 40, 50, 100\n' }
          : { code: 0, output: '51, GPU-1, 30\n99, GPU-1, 70\n50, GPU-1, [N/A]\n' },
      now: () => clock,
    });
    expect((await observer.look(['base'])).servers[0]).toMatchObject({ state: 'starting', engine: 'vllm' });
    clock = 5000;
    const { servers: seen, gpus } = await observer.look(['base']);
    expect(gpus.state).toBe('ok');
    expect(seen[0]?.processes).toEqual({ processes: 2, memory: 7, cores: 1.5 });
    expect(seen[0]?.gpuMemory).toBe(30 * 1024 * 1024);
  });

  it('asks a machine without GPUs once', async () => {
    let clock = 0;
    let asked = 0;
    const observer = createObserver({
      targets: async () => [],
      sampler,
      gpus: async () => {
        asked += 1;
        return { code: null, output: '' };
      },
      now: () => clock,
    });
    const states = [];
    for (clock of [0, 5000, 10_000]) states.push((await observer.look([])).gpus.state);
    expect(states.at(-1)).toBe('none');
    expect(asked).toBe(1);
  });

  it('goes on when nobody knows where the servers are', async () => {
    const observer = createObserver({
      targets: async () => Promise.reject(new Error('broken file')),
      sampler,
      gpus: noGpu,
    });
    expect((await observer.look(['base'])).servers).toEqual([]);
  });
});
