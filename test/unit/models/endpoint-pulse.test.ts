import { Response } from 'undici';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NOTICED_WITHIN_MS, Pulse } from '../../../src/models/endpoint-pulse.ts';
import { request } from '../../../src/platform/network.ts';

vi.mock('../../../src/platform/network.ts', () => ({ request: vi.fn() }));

const asked = vi.mocked(request);
/** As the port here answers that leads to another host (`src/hosts/forward.ts`). */
const away = (type: 'unreachable' | 'closed' | 'forbidden') =>
  new Response(`{"error":{"type":"${type}","message":"far cannot be reached: Connection refused.","code":503}}`, {
    status: 503,
    headers: { 'x-ragtui-forward': type },
  });

/** What `/health` does: answers, refuses the connection, lets the time for it run out, or is answered by our own port. */
function health(does: 'answers' | 'fails' | 'refuses' | 'hangs' | 'is away' | 'refuses there' | 'is forbidden'): void {
  asked.mockReset();
  const late = AbortSignal.abort(new Error('time is up'));
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(does === 'hangs' ? late : new AbortController().signal);
  if (does === 'answers') asked.mockImplementation(async () => new Response(null));
  else if (does === 'fails') asked.mockImplementation(async () => new Response('busy', { status: 503 }));
  else if (does === 'is away') asked.mockImplementation(async () => away('unreachable'));
  else if (does === 'refuses there') asked.mockImplementation(async () => away('closed'));
  else if (does === 'is forbidden') asked.mockImplementation(async () => away('forbidden'));
  else asked.mockRejectedValue(new Error(does));
}

let pulse: Pulse;
beforeEach(() => {
  vi.useFakeTimers();
  pulse = new Pulse({ url: 'http://127.0.0.1:1/v1', model: 'm', watched: true });
});
afterEach(() => {
  pulse.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a server that computes for minutes and answers /health is left alone', async () => {
  health('answers');
  await vi.advanceTimersByTimeAsync(120_000);
  expect(pulse.isDead).toBe(false);
  expect(asked.mock.calls.length).toBeGreaterThan(10);
  expect(String(asked.mock.calls[0]?.[0])).toBe('http://127.0.0.1:1/health');
});

test('a 503 of the server itself is a sign of life', async () => {
  health('fails');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(pulse.isDead).toBe(false);
});

test('one whose host cannot be reached is given up as soon as one that hangs, with the words of the port here', async () => {
  health('is away');
  await vi.advanceTimersByTimeAsync(NOTICED_WITHIN_MS - 1);
  expect(pulse.isDead).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect([pulse.isDead, pulse.isAway, asked.mock.calls.length]).toEqual([true, true, 3]);
  expect(pulse.fault()).toMatchObject({
    code: 'unavailable',
    message: 'far cannot be reached: Connection refused.',
    hint: expect.stringMatching(/ask again when the host is back/),
  });
});

test.each(['refuses there', 'is forbidden'] as const)(
  'a server on another host that takes no new connection (%s) may still answer the one it has',
  async (does) => {
    health(does);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pulse.isDead).toBe(false);
  },
);

test('a host that is back within that time costs no request', async () => {
  health('is away');
  await vi.advanceTimersByTimeAsync(6000);
  health('answers');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(pulse.isDead).toBe(false);
});

test('one that is gone is left to the request itself', async () => {
  health('refuses');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(pulse.isDead).toBe(false);
});

test('one that lets /health run out of time again and again is given up, with the reason', async () => {
  health('hangs');
  await vi.advanceTimersByTimeAsync(NOTICED_WITHIN_MS);
  expect(pulse.isDead).toBe(true);
  expect(asked).toHaveBeenCalledTimes(3);
  expect(pulse.fault()).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/stopped or hangs/) });
});

test('while it is heard it is not asked', async () => {
  health('hangs');
  for (let second = 0; second < 30; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    pulse.heard();
  }
  expect([pulse.isDead, asked.mock.calls.length]).toEqual([false, 0]);
});

test('nothing is asked once it is stopped', async () => {
  health('hangs');
  pulse.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([pulse.isDead, asked.mock.calls.length]).toEqual([false, 0]);
});
