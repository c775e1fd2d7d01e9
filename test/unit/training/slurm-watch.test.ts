import { expect, test } from 'vitest';
import type { SlurmStanding } from '../../../src/hosts/slurm/standing.ts';
import { SlurmWatch } from '../../../src/training/slurm-watch.ts';
import { SILENT } from '../../support/recipe-world.ts';

/** How a run stands: it waits, or runs on n1. */
const standing = (waits: string): SlurmStanding => ({
  state: waits === '' ? 'running' : 'queued',
  keeper: false,
  program: false,
  result: null,
  gpus: [],
  waits,
  ended: '',
  unreached: '',
  slurm: { job: '7_2', asked: false, answers: [], position: null, now: 0, log: '' },
  job: {
    job: '7_2',
    state: waits === '' ? 'RUNNING' : 'PENDING',
    reason: '',
    by: '',
    exit: null,
    restarts: 0,
    requeues: true,
    startsAt: null,
    endsAt: null,
    nodes: waits === '' ? 'n1' : '',
    partition: '',
  },
});

function watch() {
  const phases: string[] = [];
  const slurm = new SlurmWatch({ ...SILENT, progress: ({ phase }) => void phases.push(phase) }, 'login');
  return { slurm, phases };
}

test('a run that gets its node is starting there', () => {
  const { slurm, phases } = watch();
  slurm.look(standing('waits: nodes are taken'), 0);
  slurm.look(standing(''), 0);
  slurm.look(standing(''), 100);
  expect(phases).toEqual(['starting on n1']);
});

test('one whose steps came before Slurm said so is not', () => {
  const { slurm, phases } = watch();
  slurm.look(standing('waits: nodes are taken'), 0);
  slurm.look(standing('waits: nodes are taken'), 100);
  slurm.look(standing(''), 100);
  expect(phases).toEqual([]);
});

test('one that Slurm begins again is starting, though its rows come again', () => {
  const { slurm, phases } = watch();
  slurm.look(standing(''), 300);
  slurm.look(standing('waits: before it begins it again'), 300);
  slurm.again(2);
  slurm.look(standing('waits: before it begins it again'), 0);
  slurm.look(standing(''), 200);
  expect(phases).toEqual(['starting on n1']);
});
