import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EndpointLimiter, limiterOf, type Permit, pauseServer } from '../../../src/models/endpoint-limits.ts';
import type { Limits } from '../../../src/models/types.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks for a permit and notes when it came (seconds), and what was told meanwhile. */
function queue(limits: Limits) {
  const limiter = new EndpointLimiter(limits);
  const start = Date.now();
  const log: string[] = [];
  const ask = (name: string, tokens = 0, signal?: AbortSignal): Promise<Permit> => {
    const told: string[] = [];
    const permit = limiter.acquire(tokens, { signal, onStatus: (text) => told.push(text) });
    permit.then(
      () => log.push(`${name} ${(Date.now() - start) / 1000} s${told[0] ? ` (${told[0]})` : ''}`),
      () => log.push(`${name} left`),
    );
    return permit;
  };
  return {
    limiter,
    log,
    ask,
    rest: () => vi.advanceTimersByTimeAsync(0),
    passes: (s: number) => vi.advanceTimersByTimeAsync(s * 1000),
  };
}

describe('limits of an endpoint', () => {
  test('so many at a time, in the order they came; who leaves the queue holds nobody up', async () => {
    const { ask, log, rest, passes } = queue({ concurrency: 2 });
    const [a] = [await ask('a'), await ask('b')];
    const leave = new AbortController();
    ask('c', 0, leave.signal).catch(() => undefined);
    void ask('d');
    await passes(3);
    leave.abort();
    await rest();
    a.release();
    a.release();
    await rest();
    expect(log).toEqual(['a 0 s', 'b 0 s', 'c left', 'd 3 s (waits its turn: 2 at a time)']);
  });

  test('so many within any minute', async () => {
    const { ask, log, passes } = queue({ requestsPerMinute: 2 });
    (await ask('a')).release();
    await passes(20);
    (await ask('b')).release();
    await passes(10);
    void ask('c').then((permit) => permit.release());
    void ask('d').then((permit) => permit.release());
    await passes(100);
    expect(log).toEqual([
      'a 0 s',
      'b 20 s',
      'c 60 s (waits 30 s: 2 requests a minute)',
      'd 80 s (waits 30 s: 2 requests a minute)',
    ]);
  });

  test('so many tokens within any minute: as reserved, then as really taken', async () => {
    const { ask, log, passes } = queue({ tokensPerMinute: 1000 });
    (await ask('a', 800)).release(300);
    await passes(10);
    (await ask('b', 600)).release();
    await passes(10);
    void ask('c', 200);
    await passes(100);
    expect(log).toEqual(['a 0 s', 'b 10 s', 'c 60 s (waits 40 s: 1000 tokens a minute)']);
  });

  test('a request larger than the limit goes alone instead of never', async () => {
    const { ask, log, passes } = queue({ tokensPerMinute: 100 });
    (await ask('small', 10)).release();
    void ask('large', 5000);
    await passes(59);
    expect(log).toEqual(['small 0 s']);
    await passes(2);
    expect(log[1]).toMatch(/^large 60 s/);
  });

  test('when the server asks to wait, everybody does', async () => {
    const { limiter, ask, log, passes } = queue({});
    limiter.pause(7000);
    void ask('a');
    await passes(10);
    expect(log).toEqual(['a 7 s (waits 7 s: the server asked for it)']);
  });
});

test('what a server asked for holds for all endpoints that lead to it, and for no other', async () => {
  const [base, tuned, other] = [
    limiterOf({ name: 'base', url: 'http://one/v1' }),
    limiterOf({ name: 'tuned', url: 'http://one/v1' }),
    limiterOf({ url: 'http://two/v1' }),
  ];
  pauseServer('http://one/v1', 7000);
  const start = Date.now();
  const admitted: [string, number][] = [];
  for (const [name, limiter] of Object.entries({ base, tuned, other })) {
    void limiter.acquire(0).then(() => admitted.push([name, (Date.now() - start) / 1000]));
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(admitted.sort()).toEqual([
    ['base', 7],
    ['other', 0],
    ['tuned', 7],
  ]);
});
