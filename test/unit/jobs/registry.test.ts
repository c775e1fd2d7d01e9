import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobFiles } from '../../../src/jobs/folder.ts';
import type { ProcessTable } from '../../../src/jobs/identity.ts';
import { newJobId } from '../../../src/jobs/launcher.ts';
import { deleteJob, listJobs, readJob } from '../../../src/jobs/registry.ts';
import { jobIdSchema } from '../../../src/jobs/types.ts';
import { type WorkspacePaths, workspacePaths } from '../../../src/platform/paths.ts';

const ID = '20261123-060000-pull-abcd';
const SERVE = '20261123-060001-serve-abcd';
let home: string;
let paths: WorkspacePaths;

beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui-registry-'));
  paths = workspacePaths(home, {});
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const put = (id: string, file: string, value: unknown) =>
  writeFileSync(path.join(paths.jobs, id, file), typeof value === 'string' ? value : JSON.stringify(value));

function make(id: string, work: unknown): void {
  mkdirSync(path.join(paths.jobs, id), { recursive: true });
  put(id, 'spec.json', { version: 1, id, name: 'n', createdAt: '2026-11-23T06:00:00.000Z', work });
}
const makePull = () => make(ID, { kind: 'pull', models: ['m'] });
const supervisor = { pid: 100, startTime: '5000', boot: 'this' };
const worker = { pid: 101, startTime: '5001', boot: 'this' };
const state = (name: string, endedAt: string | null = null) => ({
  state: name,
  reason: '',
  startedAt: '2026-11-23T06:00:01.000Z',
  endedAt,
  error: null,
});

/** A machine on which just these processes live. */
const machine = (...alive: { pid: number; startTime: string }[]): ProcessTable => ({
  boot: 'this',
  identity: (pid) => alive.find((process) => process.pid === pid),
  leftOf: () => [],
});

test('while the supervisor lives its word counts', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  expect(readJob(paths, ID, machine(supervisor)).state).toBe('queued');
  put(ID, 'state.json', state('running'));
  put(ID, 'worker.json', worker);
  expect(readJob(paths, ID, machine(supervisor, worker))).toMatchObject({ state: 'running', pid: 101, reason: '' });
  // The worker is gone, the supervisor about to say how it ended: silence is no end.
  expect(readJob(paths, ID, machine(supervisor))).toMatchObject({ state: 'running', pid: null });
  put(ID, 'stop', '');
  expect(readJob(paths, ID, machine(supervisor, worker))).toMatchObject({ state: 'stopping' });
});

test('without any process and without a result the job is lost, however young it is', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'state.json', state('running'));
  put(ID, 'worker.json', worker);
  expect(readJob(paths, ID, machine())).toMatchObject({ state: 'lost', endpoint: null });
});

test('what outlived both keepers is told, and the job cannot be deleted under it', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'state.json', state('running'));
  put(ID, 'worker.json', worker);
  const left = (job: string, group: number) => (job === ID && group === worker.pid ? [102, 103] : []);
  expect(readJob(paths, ID, { ...machine(), leftOf: left })).toMatchObject({
    state: 'lost',
    orphans: [102, 103],
    reason: expect.stringContaining('goes on'),
  });
  // After a reboot the same numbers are other processes.
  expect(readJob(paths, ID, { ...machine(), boot: 'next', leftOf: left })).toMatchObject({
    state: 'lost',
    orphans: [],
  });
});

test('a sign of life is told while the supervisor lives, never taken for one of a dead job', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'state.json', { ...state('running'), startedUptime: 90 });
  put(ID, 'heartbeat.json', { beat: 7, time: '2026-11-23T06:00:35.000Z', uptime: 125, quiet: 4 });
  expect(readJob(paths, ID, machine(supervisor))).toMatchObject({
    state: 'running',
    heartbeat: { uptime: 125, quiet: 4 },
    startedUptime: 90,
  });
  expect(readJob(paths, ID, machine())).toMatchObject({ state: 'lost', heartbeat: null, startedUptime: null });
});

test('a worker that outlived its supervisor has its time measured by the clock that nobody sets', () => {
  makePull();
  put(ID, 'worker.json', worker);
  put(ID, 'state.json', { ...state('running'), startedUptime: 100 });
  // The time of day was set back by an hour in between.
  const result = {
    state: 'succeeded',
    reason: '',
    error: null,
    endedAt: '2026-11-23T05:01:01.000Z',
    endedUptime: 160.5,
  };
  put(ID, 'result.json', result);
  expect(readJob(paths, ID, machine())).toMatchObject({ state: 'succeeded', seconds: 60.5 });
});

test('another process with the same pid is another process, also after a reboot with the same start time', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'worker.json', worker);
  put(ID, 'state.json', state('running'));
  expect(readJob(paths, ID, machine({ pid: 100, startTime: '9999' }, { pid: 101, startTime: '9999' })).state).toBe(
    'lost',
  );
  expect(readJob(paths, ID, { ...machine(supervisor, worker), boot: 'next' }).state).toBe('lost');
  expect(readJob(paths, ID, machine(supervisor, worker)).state).toBe('running');
});

test('times of a clock that was set back change nothing', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'state.json', { ...state('running'), startedAt: '2099-01-01T00:00:00.000Z' });
  expect(readJob(paths, ID, machine(supervisor)).state).toBe('running');
});

test('a worker without its supervisor is adopted, and its own result counts in the end', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'worker.json', worker);
  put(ID, 'state.json', state('starting'));
  expect(readJob(paths, ID, machine(worker))).toMatchObject({
    state: 'running',
    reason: expect.stringContaining('supervisor died'),
  });
  put(ID, 'stop', '');
  expect(readJob(paths, ID, machine(worker)).state).toBe('stopping');
  put(ID, 'result.json', {
    state: 'stopped',
    reason: 'asked to stop',
    error: null,
    endedAt: '2026-11-23T06:05:00.000Z',
  });
  expect(readJob(paths, ID, machine())).toMatchObject({
    state: 'stopped',
    startedAt: '2026-11-23T06:00:01.000Z',
    endedAt: '2026-11-23T06:05:00.000Z',
  });
});

test('the last state stays, whoever has its pids now', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'worker.json', worker);
  put(ID, 'state.json', state('succeeded', '2026-11-23T06:05:00.000Z'));
  expect(readJob(paths, ID, machine(supervisor, worker)).state).toBe('succeeded');
});

test('a server shows where it answers, never its key; without a supervisor it runs when it answers', () => {
  make(SERVE, { kind: 'serve', engine: 'llama', model: 'm', contextTokens: 2048, idleMinutes: 1 });
  put(SERVE, 'worker.json', worker);
  put(SERVE, 'state.json', state('starting'));
  const endpoint = { url: 'http://127.0.0.1:9/v1', key: 'secret-key', model: 'm', ready: false };
  put(SERVE, 'endpoint.json', endpoint);
  expect(readJob(paths, SERVE, machine(worker)).state).toBe('starting');
  put(SERVE, 'endpoint.json', { ...endpoint, ready: true });
  const view = readJob(paths, SERVE, machine(worker));
  expect(view).toMatchObject({ state: 'running', endpoint: { url: 'http://127.0.0.1:9/v1', model: 'm' } });
  expect(JSON.stringify(view)).not.toContain('secret-key');
});

test('the list is newest first and leaves out what is no job', () => {
  makePull();
  make('20261123-070000-pull-0001', { kind: 'pull', models: ['m'] });
  mkdirSync(path.join(paths.jobs, '20261123-080000-pull-0002'));
  mkdirSync(path.join(paths.jobs, 'notes'));
  expect(listJobs(paths, machine()).map(({ spec }) => spec.id)).toEqual(['20261123-070000-pull-0001', ID]);
  expect(listJobs(workspacePaths(path.join(home, 'none'), {}), machine())).toEqual([]);
});

test('half-written and foreign files are as if they were not there', () => {
  makePull();
  put(ID, 'pid.json', supervisor);
  put(ID, 'state.json', '{"state":"runn');
  put(ID, 'progress.json', '[]');
  expect(readJob(paths, ID, machine(supervisor))).toMatchObject({ state: 'queued', progress: null });
});

test('an id never leads out of the jobs folder', () => {
  for (const id of ['../../etc', `${ID}/..`, '', 'x']) {
    expect(() => readJob(paths, id)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => deleteJob(paths, id)).toThrow(expect.objectContaining({ code: 'usage' }));
  }
  expect(() => readJob(paths, ID)).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test('a job without a readable spec can be deleted, and says so', () => {
  mkdirSync(jobFiles(path.join(paths.jobs, ID)).spec, { recursive: true });
  expect(() => readJob(paths, ID)).toThrow(
    expect.objectContaining({ code: 'corrupt', hint: expect.stringContaining('delete') }),
  );
  deleteJob(paths, ID);
  expect(listJobs(paths)).toEqual([]);
});

test('ids are made of the time in UTC and the kind', () => {
  const id = newJobId('ingest', new Date('2026-11-23T06:15:30.999Z'));
  expect(id).toMatch(/^20261123-061530-ingest-[0-9a-f]{4}$/);
  expect(jobIdSchema.parse(id)).toBe(id);
});
