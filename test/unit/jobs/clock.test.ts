import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEvent } from '../../../src/jobs/events.ts';
import { type JobFiles, jobFiles, readJsonFile, stateFileSchema } from '../../../src/jobs/folder.ts';
import { Heart, readHeartbeat } from '../../../src/jobs/heartbeat.ts';
import { StateLog } from '../../../src/jobs/state-log.ts';
import { secondsOf, signsOfLife } from '../../../src/jobs/time.ts';
import type { MachineClock } from '../../../src/platform/clock.ts';
import { jobDuration } from '../../../src/screens/progress.ts';
import { Pace } from '../../../src/training/pace.ts';
import { jobView } from '../../store/fakes.ts';

let folder: string;
let files: JobFiles;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'ragtui-clock-'));
  files = jobFiles(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Time passes on both clocks; `set` moves the time of day alone, as a person or NTP does. */
function testClock(): MachineClock & { pass(seconds: number): void; set(iso: string): void } {
  let now = Date.parse('2026-11-29T04:00:00.000Z');
  let uptime = 1000;
  return {
    now: () => new Date(now),
    uptime: () => uptime,
    pass: (seconds) => {
      now += seconds * 1000;
      uptime += seconds;
    },
    set: (iso) => {
      now = Date.parse(iso);
    },
  };
}

const stored = () => readJsonFile(files.state, stateFileSchema);

test.each([
  ['back by a day', '2026-11-28T04:00:00.000Z'],
  ['forward by ten years', '2036-11-29T04:00:00.000Z'],
])('a clock set %s in the middle of a job changes neither its states nor how long it took', (_, jump) => {
  const clock = testClock();
  const states = new StateLog(folder, clock);
  states.enter('queued', 'waits for GPU 0');
  clock.pass(30);
  states.enter('starting');
  clock.pass(2);
  states.enter('running');
  clock.set(jump);
  clock.pass(60);
  states.enter('succeeded');
  expect(stored()).toMatchObject({ state: 'succeeded', startedAt: '2026-11-29T04:00:30.000Z', seconds: 62 });
  const told = readFileSync(files.events, 'utf8')
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? []);
  expect(told.map((event) => (event.type === 'state' ? event.state : ''))).toEqual([
    'queued',
    'starting',
    'running',
    'succeeded',
  ]);
  expect(told.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
});

test('time in the queue is no time of work, and a job that never started took none', () => {
  const clock = testClock();
  const states = new StateLog(folder, clock);
  states.enter('queued', 'waits');
  clock.pass(50);
  states.enter('stopped', 'asked to stop while it waited');
  expect(stored()).toMatchObject({ startedAt: null, startedUptime: null, seconds: null });
});

test('how long a job runs is told by the clock that only goes forward; times of day are the second best', () => {
  const running = jobView(
    { kind: 'pull', models: ['m'] },
    { startedAt: '2026-11-29T04:00:00.000Z', startedUptime: 1000 },
  );
  // Read an hour "before" it began.
  const early = Date.parse('2026-11-29T03:00:00.000Z');
  expect(secondsOf(running, { now: early, uptime: 1010 })).toBe(10);
  expect(jobDuration(running, early, 1010)).toBe('10s');
  const unmeasured = { ...running, startedUptime: null };
  expect(secondsOf(unmeasured, { now: Date.parse('2026-11-29T04:01:00.000Z'), uptime: 5 })).toBe(60);
  expect(secondsOf(unmeasured, { now: early, uptime: 5 })).toBeNull();
  expect(jobDuration(unmeasured, early, 5)).toBe('');
  const ended = { ...unmeasured, state: 'succeeded', endedAt: '2026-11-29T03:30:00.000Z' } as const;
  expect(secondsOf(ended, { now: early, uptime: 5 })).toBeNull();
  expect(secondsOf({ ...ended, seconds: 12 }, { now: early, uptime: 5 })).toBe(12);
});

test('the heartbeat counts on and says how long the job has been silent, whatever the time of day does', () => {
  const clock = testClock();
  const heart = new Heart(files, clock);
  appendFileSync(files.events, 'one\n');
  heart.beat();
  expect(readHeartbeat(files)).toMatchObject({ beat: 0, uptime: 1000, quiet: 0 });
  clock.pass(5);
  clock.set('2026-11-01T00:00:00.000Z');
  heart.beat();
  clock.pass(5);
  heart.beat();
  expect(readHeartbeat(files)).toMatchObject({ beat: 2, uptime: 1010, quiet: 10 });
  appendFileSync(files.stdout, 'word');
  clock.pass(5);
  heart.beat();
  expect(readHeartbeat(files)).toMatchObject({ beat: 3, quiet: 0 });
  heart.close();
});

test('ages of signs of life; one from another boot is none', () => {
  expect(signsOfLife({ heartbeat: { uptime: 100, quiet: 7 } }, 103)).toEqual({ beat: 3, word: 10 });
  expect(signsOfLife({ heartbeat: { uptime: 100, quiet: 7 } }, 20)).toBeNull();
  expect(signsOfLife({ heartbeat: null }, 20)).toBeNull();
});

test('a pace that is told the same or an earlier moment has no rate rather than a wrong one', () => {
  const pace = new Pace();
  pace.update(1, 10, 5000);
  expect(pace.update(2, 10, 5000)).toEqual({ rate: null, secondsLeft: null });
  expect(pace.update(3, 10, 4000)).toEqual({ rate: null, secondsLeft: null });
  expect(pace.update(4, 10, 6500)).toMatchObject({ rate: 2 });
});
