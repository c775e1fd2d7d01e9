import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NOTICED_WITHIN_MS, Pulse } from '../../../src/models/endpoint-pulse.ts';
import { request } from '../../../src/platform/network.ts';

vi.mock('../../../src/platform/network.ts', () => ({ request: vi.fn() }));

const asked = vi.mocked(request);
/** What `/health` does: answers, refuses the connection, or lets the time for it run out. */
function health(does: 'answers' | 'refuses' | 'hangs'): void {
  asked.mockReset();
  const late = AbortSignal.abort(new Error('time is up'));
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(does === 'hangs' ? late : new AbortController().signal);
  if (does === 'answers') asked.mockResolvedValue(Object.create({ body: null }));
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
