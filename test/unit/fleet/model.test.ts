import { describe, expect, it } from 'vitest';
import { ageSeconds, type FleetFacts, fleetOf } from '../../../src/fleet/model.ts';
import { answered, unanswered } from '../../../src/fleet/seen.ts';
import type { Place } from '../../../src/fleet/types.ts';
import type { JobId } from '../../../src/jobs/types.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';
import { jobView } from '../../store/fakes.ts';
import { card, GB, hostCalled, lookAt, seenAt, serverSample } from '../../store/fleet-samples.ts';

const AT = '2026-11-23T06:19:00.000Z';
const NOW = Date.parse('2026-11-23T06:20:00.000Z');
const gone = new RagtuiError('network', 'gpu cannot be reached: the connection broke.', 'Try "ssh gpu" by hand.');

const training = (name: string, launcher?: string) =>
  ({
    kind: 'train-llm',
    dataset: 'd',
    split: 'train',
    base: 'b',
    name,
    preset: 'cpu',
    settings: {},
    seed: 1,
    ...(launcher ? { launcher } : {}),
  }) as const;

function place(id: string, facts: Partial<FleetFacts> = {}): Place {
  const found = fleetOf({ hosts: [hostCalled('gpu')], seen: {}, jobs: [], servers: null, now: NOW, ...facts }).find(
    (one) => one.id === id,
  );
  if (!found) throw new Error(`no place ${id}`);
  return found;
}

describe('what is known of a machine', () => {
  it('knows of a host that was only added what it said then, and nothing else', () => {
    const host = place('gpu');
    expect(host.reach).toEqual({ state: 'unseen' });
    expect(host.cores).toEqual({ value: 16, at: '2026-11-23T06:00:00.000Z' });
    expect(host.disk?.value).toEqual({ place: '/home/me/.ragtui-host', free: 65536 * 1024 ** 2, total: null });
    expect([host.machine, host.engines, host.servers, host.seenAt]).toEqual([null, null, null, null]);
    expect(host.gpus?.value).toMatchObject({ state: 'ok', gpus: [{ busy: null, memoryUsed: null, holders: null }] });
  });

  it('keeps the last answer, as old as it is, and since when there is none', () => {
    const seen = answered(undefined, lookAt(AT));
    const first = unanswered(seen, gone, '2026-11-23T06:19:10.000Z');
    const second = unanswered(first, gone, '2026-11-23T06:19:30.000Z');
    const host = place('gpu', { seen: { gpu: second } });
    expect(host.reach).toMatchObject({ state: 'lost', since: '2026-11-23T06:19:10.000Z', code: 'network' });
    expect(host.machine).toMatchObject({ at: AT, value: { load: 4.5 } });
    expect(ageSeconds(host.machine?.at, NOW)).toBe(60);
    const back = answered(second, lookAt('2026-11-23T06:19:50.000Z'));
    expect(place('gpu', { seen: { gpu: back } }).reach).toEqual({ state: 'reached' });
  });

  it('lets no older answer replace a newer one', () => {
    const newer = answered(undefined, lookAt(AT));
    expect(unanswered(newer, gone, '2026-11-23T06:18:00.000Z')).toBe(newer);
    expect(answered(newer, lookAt('2026-11-23T06:18:00.000Z'))).toBe(newer);
  });

  it('does not take what was seen of another host of that name', () => {
    const host = hostCalled('gpu', { addedAt: '2026-11-23T06:19:30.000Z' });
    expect(place('gpu', { hosts: [host], seen: { gpu: seenAt(AT) } }).reach).toEqual({ state: 'unseen' });
  });

  it('never gives an age to what nobody knows, nor a negative one', () => {
    expect(ageSeconds(null, NOW)).toBeNull();
    expect(ageSeconds('2026-11-23T06:21:00.000Z', NOW)).toBe(0);
  });
});

describe('who has the GPUs', () => {
  const gpus = {
    state: 'ok',
    gpus: [card(0), card(1), card(2)],
    processes: [
      { pid: 11, gpu: 'GPU-0', memory: null },
      { pid: 12, gpu: 'GPU-1', memory: 3 * GB },
    ],
  } as const;
  const shown = ({ gpus: known }: Place) =>
    known?.value.state === 'ok' ? known.value.gpus.map((gpu) => gpu.holders) : [];

  it('names the job of a run, what reserved one, and processes of others', () => {
    const job = jobView(training('mine', 'ssh:gpu'), { far: { host: 'gpu', run: 'run-1', open: true } });
    const hold = { owner: 'run-2', name: '', devices: ['1'], waits: '', position: null };
    const seen = {
      gpu: seenAt(AT, {
        gpus: { ...gpus, gpus: [...gpus.gpus], processes: [...gpus.processes] },
        owners: { 11: 'run-1' },
        holds: [hold],
      }),
    };
    expect(shown(place('gpu', { seen, jobs: [job] }))).toEqual([
      [{ kind: 'ours', id: 'run-1', name: job.spec.name }],
      [
        { kind: 'ours', id: 'run-2', name: 'run-2' },
        { kind: 'others', processes: 1 },
      ],
      [],
    ]);
  });
});

describe('jobs and servers of a machine', () => {
  it('puts jobs where their work is done, with why they wait and their place in line', () => {
    const waiting = jobView(training('second'), {
      spec: { ...jobView(training('second')).spec, id: '20261123-061530-train-llm-0002' as JobId },
      state: 'queued',
      reason: 'waits for GPU 0: held by job x (first)',
    });
    const far = jobView(training('third', 'ssh:gpu'));
    const hold = { owner: waiting.spec.id, name: 'second', devices: [], waits: 'waits for its turn', position: 2 };
    const facts = { jobs: [waiting, far], seen: { '': seenAt(AT, { holds: [hold] }) } };
    expect(place('', facts).jobs).toMatchObject([{ id: waiting.spec.id, waits: waiting.reason, position: 2 }]);
    expect(place('gpu', facts).jobs).toMatchObject([{ id: far.spec.id, waits: '', position: null }]);
  });

  it('says what Slurm says of a run that waits in its queue', () => {
    const phase = "gpu waits in Slurm's queue: others come first, place 2 of 5";
    const progress = { phase, done: 0, total: 0, unit: 'steps', rate: null, secondsLeft: null, details: {} };
    const far = { host: 'gpu', run: 'run-1', open: true };
    const job = jobView(training('mine', 'slurm:gpu'), { far, progress });
    const waits = (state: 'queued' | 'running') =>
      place('gpu', { jobs: [job], seen: { gpu: seenAt(AT, { runs: [{ run: 'run-1', state, startedAt: AT }] }) } }).jobs;
    expect(waits('queued')).toMatchObject([{ id: job.spec.id, waits: phase }]);
    expect(waits('running')).toMatchObject([{ id: job.spec.id, waits: '' }]);
  });

  it('shows what runs there for another workspace, and leaves out what ended long ago', () => {
    const old = jobView(training('old', 'ssh:gpu'), { state: 'failed', endedAt: '2026-11-20T06:00:00.000Z' });
    const seen = { gpu: seenAt(AT, { runs: [{ run: 'strange', state: 'running', startedAt: AT }] }) };
    expect(place('gpu', { jobs: [old], seen }).jobs).toEqual([
      { id: 'strange', name: 'strange', view: null, waits: '', position: null },
    ]);
  });

  it('puts a server on the host that its address names, else here', () => {
    const there = serverSample({ url: 'http://gpu:8000/v1', names: ['there'] });
    const elsewhere = serverSample({ url: 'http://10.0.0.9:8000/v1', names: ['elsewhere'] });
    const servers = { at: AT, samples: [there, elsewhere] };
    expect(place('gpu', { servers }).servers?.value.map(({ name }) => name)).toEqual(['there']);
    expect(place('', { servers }).servers?.value.map(({ name }) => name)).toEqual(['elsewhere']);
  });
});
