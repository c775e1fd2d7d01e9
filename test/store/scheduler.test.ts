import { describe, expect, it } from 'vitest';
import { createScheduler, PAINT_INTERVAL_MS, SLOWEST_INTERVAL_MS, TICK_MS } from '../../stores/scheduler.ts';

/** Time that passes only when told to. */
function fakeTime() {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    clock: {
      now: () => now,
      after: (ms: number, run: () => void) => {
        const timer = { at: now + ms, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((each) => each !== timer);
        };
      },
    },
    timers: () => timers.length,
    pass: (ms: number) => {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
  };
}

function start() {
  const time = fakeTime();
  const waiting = { count: 0 };
  const begin = () => {
    waiting.count++;
    return () => {
      waiting.count--;
    };
  };
  const scheduler = createScheduler({ clock: time.clock, begin });
  const published: number[] = [];
  scheduler.subscribe(() => published.push(time.clock.now()));
  return { time, scheduler, published, waiting };
}

describe('the paint scheduler', () => {
  it('publishes at most every 80 ms, however often it is touched', () => {
    const { time, scheduler, published } = start();
    for (let ms = 0; ms < 1000; ms++) {
      scheduler.touch();
      time.pass(1);
    }
    expect(published.length).toBe(Math.ceil(1000 / PAINT_INTERVAL_MS));
    for (const [i, at] of published.entries())
      if (i > 0) expect(at - (published[i - 1] ?? 0)).toBeGreaterThanOrEqual(80);
  });

  it('has no timer and publishes nothing while nothing happens', () => {
    const { time, scheduler, published } = start();
    scheduler.touch();
    time.pass(100);
    expect(time.timers()).toBe(0);
    time.pass(10_000);
    expect(published).toHaveLength(1);
    expect(scheduler.idle()).toBe(true);
  });

  it('a key press publishes at once, once, and only if something waits', () => {
    const { time, scheduler, published } = start();
    scheduler.touch();
    time.pass(1);
    scheduler.touch();
    scheduler.flush();
    expect(published).toHaveLength(2);
    scheduler.flush();
    time.pass(1000);
    expect(published).toHaveLength(2);
  });

  it('runs what was scheduled once per publication, before the listeners hear', () => {
    const { time, scheduler } = start();
    const calls: string[] = [];
    const apply = (): void => void calls.push('apply');
    scheduler.subscribe(() => calls.push('heard'));
    scheduler.schedule(apply);
    scheduler.schedule(apply);
    time.pass(200);
    expect(calls).toEqual(['apply', 'heard']);
    scheduler.schedule(apply);
    time.pass(200);
    expect(calls).toEqual(['apply', 'heard', 'apply', 'heard']);
  });

  it('slows down to 120 ms for slow paints and no further', () => {
    const { time, scheduler, published } = start();
    for (let i = 0; i < 50; i++) scheduler.painted(400);
    scheduler.touch();
    time.pass(1);
    scheduler.touch();
    time.pass(SLOWEST_INTERVAL_MS - 2);
    expect(published).toHaveLength(1);
    time.pass(2);
    expect(published).toHaveLength(2);
  });

  it('is busy from the first touch to the publication', () => {
    const { time, scheduler, waiting } = start();
    scheduler.touch();
    scheduler.touch();
    expect(waiting.count).toBe(1);
    time.pass(100);
    expect(waiting.count).toBe(0);
    scheduler.touch();
    scheduler.dispose();
    expect([waiting.count, time.timers()]).toEqual([0, 0]);
  });

  it('ticks for all with one timer, and only while somebody looks', () => {
    const { time, scheduler } = start();
    const first = scheduler.ticks.subscribe(() => undefined);
    const second = scheduler.ticks.subscribe(() => undefined);
    expect(time.timers()).toBe(1);
    time.pass(1600);
    expect(scheduler.ticks.version()).toBe(10);
    first();
    expect(time.timers()).toBe(1);
    second();
    expect(time.timers()).toBe(0);
  });

  it('lets a tick ride with a publication that waits', () => {
    const { time, scheduler } = start();
    const order: string[] = [];
    scheduler.ticks.subscribe(() => order.push('tick'));
    scheduler.subscribe(() => order.push('publication'));
    time.pass(TICK_MS);
    expect(order).toEqual(['tick']);
    time.pass(TICK_MS - 20);
    // The first is published at once; the second waits for its interval, past the tick.
    scheduler.touch();
    time.pass(10);
    scheduler.touch();
    time.pass(20);
    expect(order).toEqual(['tick', 'publication']);
    time.pass(PAINT_INTERVAL_MS);
    expect(order).toEqual(['tick', 'publication', 'tick', 'publication']);
  });
});
