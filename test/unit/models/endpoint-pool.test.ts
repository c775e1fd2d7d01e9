import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ChatOptions, streamChat } from '../../../src/models/endpoint.ts';
import { checkedEndpoint } from '../../../src/models/endpoint-entries.ts';
import { EndpointFault } from '../../../src/models/endpoint-faults.ts';
import { EndpointPool, poolOf } from '../../../src/models/endpoint-pool.ts';
import type { ChatEndpoint } from '../../../src/models/endpoint-url.ts';
import { readPoolFigures } from '../../../src/models/pool-figures.ts';
import { waitUntil } from '../../../src/platform/processes.ts';
import { cutsAfter, delta, type FakeOpenAi, fakeOpenAi, says, status } from '../../support/fake-openai.ts';

const request = {
  messages: [{ role: 'user' as const, content: 'Hi' }],
  sampling: { temperature: 0, seed: 7, maxTokens: 32 },
};
let first: FakeOpenAi;
let second: FakeOpenAi;
let made = 0;
beforeEach(async () => {
  [first, second] = await Promise.all([fakeOpenAi(), fakeOpenAi()]);
  first.script(says(['first']));
  second.script(says(['second']));
});
afterEach(() => Promise.all([first.close(), second.close()]));

/** A name of its own: pools are kept by name. */
const pool = (more: Partial<ChatEndpoint['pool']> = {}): ChatEndpoint => ({
  name: `pool-${made++}`,
  url: first.url,
  model: 'm',
  retries: 4,
  pool: { members: [{ url: first.url }, { url: second.url }], ...more },
});
const ask = (endpoint: ChatEndpoint, options: ChatOptions = {}) =>
  streamChat(endpoint, request, { firstWaitMs: 4, ...options });

test('requests go in turn where all servers are idle, and to the idle one where one is at work', async () => {
  const endpoint = pool();
  for (let i = 0; i < 6; i += 1) await ask(endpoint);
  expect([first.requests.length, second.requests.length]).toEqual([3, 3]);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  first.script(async (...reply) => {
    await gate;
    return says(['late'])(...reply);
  });
  const slow = ask(endpoint);
  await waitUntil(() => first.requests.length === 4, 5000, 5);
  for (let i = 0; i < 3; i += 1) expect((await ask(endpoint)).text).toBe('second');
  go();
  expect((await slow).text).toBe('late');
});

test.each([
  ['refuses the connection', () => first.close()],
  ['fails', () => first.script(status(500, 'broken'))],
  ['does not know the model', () => first.script(status(404, { error: { message: 'The model `m` does not exist.' } }))],
  ['dies in the middle of an answer', () => first.script(cutsAfter(delta({ content: 'fir' })))],
])('a server that %s: another one answers at once, and it is left alone', async (_, breaks) => {
  const endpoint = pool();
  await breaks();
  for (let i = 0; i < 4; i += 1) expect(await ask(endpoint)).toMatchObject({ text: 'second', retries: 0 });
  expect(first.requests.length).toBeLessThanOrEqual(1);
  expect(poolOf(endpoint)?.figures()).toMatchObject([
    { state: 'down', requests: 1, failures: 1, inFlight: 0 },
    { state: 'up', requests: 4, failures: 0, inFlight: 0 },
  ]);
});

test('what was shown already is not asked elsewhere: its cut is told, the next question is answered', async () => {
  const endpoint = pool();
  first.script(cutsAfter(delta({ content: 'fir' })));
  const shown: string[] = [];
  await expect(ask(endpoint, { onDelta: ({ text }) => shown.push(text) })).rejects.toMatchObject({ code: 'network' });
  expect([shown.join(''), second.requests.length]).toEqual(['fir', 0]);
  expect((await ask(endpoint)).text).toBe('second');
});

test('a request that is refused for what it says is refused once', async () => {
  const endpoint = pool();
  first.script(status(400, { error: { message: 'no such field' } }));
  await expect(ask(endpoint)).rejects.toMatchObject({ code: 'invalid' });
  expect([second.requests.length, poolOf(endpoint)?.figures()[0]?.state]).toEqual([0, 'up']);
});

test('one that has too much to do is left alone for as long as it says', async () => {
  const endpoint = pool();
  first.script(status(429, '', { 'retry-after': '60' }));
  for (let i = 0; i < 3; i += 1) expect((await ask(endpoint)).text).toBe('second');
  expect([first.requests.length, poolOf(endpoint)?.isBusy(first.url)]).toEqual([1, true]);
});

test('where none answers, the error says how many there are, and what the last one said', async () => {
  await Promise.all([first.close(), second.close()]);
  await expect(ask(pool())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^None of the 2 servers of pool-\d+ answers; the last one: Nothing answers at http/),
  });
});

test('one that failed is looked at again after 2 s, then after twice as long each time, and comes back when it answers', async () => {
  let now = 0;
  let well = false;
  let looks = 0;
  const look = async () => {
    looks += 1;
    return well;
  };
  const members = new EndpointPool(pool(), { now: () => now, look, time: () => 1_000_000 + now });
  members.take(new Set())?.failed(new EndpointFault('network', 'gone', ''));
  expect(members.figures()).toMatchObject([
    { state: 'down', since: 1_000_000, askedAt: 1_000_000 },
    { state: 'up', since: null, askedAt: null },
  ]);
  /** Whether it is up after so many seconds, and how often it was looked at so far. */
  const at = async (seconds: number) => {
    now = seconds * 1000;
    members.isUp(first.url);
    await new Promise((resolve) => setImmediate(resolve));
    return [members.isUp(first.url), looks];
  };
  expect(await at(1.9)).toEqual([false, 0]);
  expect(await at(2.1)).toEqual([false, 1]);
  expect(await at(6)).toEqual([false, 1]);
  well = true;
  expect(await at(6.2)).toEqual([true, 2]);
  expect(members.figures()[0]).toMatchObject({ state: 'up', since: 1_006_200, askedAt: 1_000_000 });
});

test('other processes read what was asked of each server', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-pool-'));
  try {
    const endpoint = pool({ folder });
    first.script(status(503, ''));
    await ask(endpoint);
    await ask(endpoint);
    expect(await waitUntil(() => readPoolFigures(folder).length > 0, 5000, 20)).toBe(true);
    expect(readPoolFigures(folder)).toMatchObject([
      { url: first.url, state: 'down', requests: 1, failures: 1 },
      { url: second.url, state: 'up', why: '', requests: 2, failures: 0 },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('how a server is, is told by whoever heard of it last, though another process wrote something later', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-pool-'));
  try {
    const write = (pid: number, at: number, member: Record<string, unknown>) => {
      const one = { url: 'http://a/v1', why: '', inFlight: 0, requests: 1, failures: 0, ...member };
      writeFileSync(path.join(folder, `${pid}.json`), JSON.stringify({ pid, startTime: 'x', at, members: [one] }));
    };
    // It was looked at again and came back; the other one, which wrote last, asked it before and found it down.
    write(1, 100, { state: 'up', since: 90, askedAt: 50 });
    write(2, 200, { state: 'down', why: 'gone', since: 60, askedAt: 60, failures: 1 });
    expect(readPoolFigures(folder, 1000)).toEqual([
      { url: 'http://a/v1', state: 'up', why: '', since: 90, askedAt: 60, inFlight: 0, requests: 2, failures: 1 },
    ]);
    // As an earlier ragtui wrote it.
    write(3, 300, { state: 'up', failures: 2 });
    expect(readPoolFigures(folder, 1000)).toMatchObject([{ state: 'up', since: 90, requests: 3, failures: 3 }]);
    // What was written more than a day ago is no figure of this day, though nobody has deleted it.
    expect(readPoolFigures(folder, 250 + 24 * 3_600_000)).toMatchObject([{ state: 'up', requests: 1, failures: 2 }]);
    expect(readPoolFigures(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a pool is of servers that are there once, without keys in their addresses', () => {
  const entry = { name: 'p', kind: 'chat', url: 'http://a/v1', model: 'm' } as const;
  expect(checkedEndpoint({ ...entry, alsoAt: ['http://b/v1'] }).alsoAt).toEqual(['http://b/v1']);
  expect(() => checkedEndpoint({ ...entry, alsoAt: ['http://a/v1/'] })).toThrow('twice');
  expect(() => checkedEndpoint({ ...entry, alsoAt: ['http://b/v1?api_key=x'] })).toThrow('key does not belong');
  expect(checkedEndpoint({ ...entry, kind: 'embedding', alsoAt: ['http://b/v1'] }).alsoAt).toEqual(['http://b/v1']);
});
