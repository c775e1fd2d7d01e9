import { afterEach, describe, expect, it } from 'vitest';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { ingestWork, jobView } from '../store/fakes.ts';
import { openScreens, type ScreensWindow, type World } from './screens-window.tsx';

const training = {
  kind: 'train-llm',
  dataset: 'qa',
  split: 'train',
  base: 'smollm2',
  name: 'mine',
  preset: 'cpu',
  settings: { lora_rank: 8 },
  seed: 1,
} as const;
const windows: ScreensWindow[] = [];

async function open(world: Partial<World> = {}): Promise<ScreensWindow> {
  const w = await openScreens({ columns: 120, rows: 40, language: 'en', ...world });
  windows.push(w);
  await w.press('5');
  return w;
}
afterEach(() => {
  for (const w of windows.splice(0)) w.dispose();
  setLanguage('en');
});

const tuned = () => jobView(training, { state: 'stopped', endedAt: '2026-11-23T06:20:00.000Z', pid: null });

describe('the jobs screen', () => {
  it('starts a clone with changes that were checked', async () => {
    const job = tuned();
    const w = await open({ jobs: [job] });
    await w.press('c');
    await w.press('end');
    expect(w.text()).toContain('lora_rank = 8');
    await w.press('home');
    expect(w.text()).toContain('seed = 1');
    // From "start" down to the seed, by its place among the values.
    const rows = w.rows().filter((row) => /┃.* = /.test(row));
    const at = rows.findIndex((row) => row.includes('seed = 1'));
    await w.press(...Array.from({ length: at + 1 }, () => 'down'), 'enter');
    await w.press('backspace');
    await w.type('x');
    await w.press('enter');
    // A seed is a number: told, and not taken.
    expect(w.text()).toContain('seed = 1');
    expect(w.text()).toContain('cannot be that');
    await w.press(...Array.from({ length: at + 1 }, () => 'down'), 'enter');
    await w.press('backspace');
    await w.type('7');
    await w.press('enter');
    expect(w.text()).toContain('seed = 7');
    expect(w.text()).toContain('was 1');
    await w.press('enter');
    expect(w.jobs.clones).toEqual([['seed=7']]);
  });

  it('resumes what ended early, and says why it does not resume the rest', async () => {
    const w = await open({ jobs: [tuned()] });
    await w.press('r');
    expect(w.jobs.launched).toEqual([expect.objectContaining({ name: 'mine' })]);
    const done = await open({ jobs: [jobView(ingestWork('tea'), { state: 'succeeded' })] });
    await done.press('r');
    expect(done.text()).toContain('has done all of its work');
    expect(done.jobs.launched).toEqual([]);
  });

  it('keeps notes and tags, and shows only the jobs of a tag', async () => {
    const w = await open({ jobs: [jobView(ingestWork('tea')), tuned()] });
    // The newest is on top.
    await w.press('n');
    await w.type('rank is too low');
    await w.press('enter');
    expect(w.text()).toContain('Note: rank is too low');
    await w.press('t');
    await w.type('weak v1');
    await w.press('enter');
    expect(w.text()).toContain('#weak #v1');
    await w.press('f');
    expect(w.text()).toContain('#v1');
    await w.press('end', 'enter');
    expect(w.text()).toContain('#weak 1');
    expect(w.rows().filter((row) => /[│┃].*ingest 00/.test(row))).toEqual([]);
    await w.press('esc');
    expect(w.rows().filter((row) => /[│┃].*ingest 00/.test(row))).toHaveLength(1);
  });

  it('goes through what the programs printed and what was run, and lets go of what is not shown', async () => {
    const job = tuned();
    const w = await open({ jobs: [job] });
    const { id } = job.spec;
    await w.press('l');
    w.jobs.outputs.get(`${id} stdout`)?.(['step 1 of 4', 'step 2 of 4']);
    await w.rest();
    expect(w.text()).toContain('stdout.log: train-llm');
    expect(w.text()).toContain('step 2 of 4');
    await w.press('l');
    expect([...w.jobs.outputs.keys()]).toEqual([`${id} stderr`]);
    expect(w.text()).toContain('Its programs have printed no errors.');
    await w.press('w');
    expect(w.text()).toContain('What ran');
    expect(w.text()).toContain(`what ${id} ran`);
    expect(w.jobs.outputs.size).toBe(0);
    await w.press('tab', '/');
    await w.type('rank');
    await w.press('enter');
    expect(w.text()).toContain('rank: 8');
    expect(w.text()).not.toContain(`what ${id} ran`);
  });

  it('deletes the logs alone or with what was made, and not what somebody uses', async () => {
    const job = tuned();
    const w = await open({ jobs: [job] });
    const made = { name: 'mine', folder: '/t/mine', bytes: 34_000_000, registered: ['mine'], alsoBy: [] };
    const plan = { job: job.spec.id, logs: { folder: job.folder, bytes: 1_000_000 }, made, stays: null };
    w.jobs.deletions.set(job.spec.id, { ...plan, usedBy: ['the server 2026 (serve)'] });
    await w.press('d');
    expect(w.text()).toContain('Delete it and what it made: mine (35.0 MB)');
    await w.press('end', 'enter');
    expect(w.jobs.removedWithMade).toEqual([]);
    expect(w.text()).toContain('mine is used by the server');
    await w.press('esc');
    w.jobs.deletions.set(job.spec.id, { ...plan, usedBy: [] });
    await w.press('d', 'end', 'enter');
    expect(w.jobs.removedWithMade).toEqual([job.spec.id]);
    expect(w.text()).toContain('No job has run yet');
  });

  it('shows why a job waits, and starts it at once after a yes', async () => {
    const reason = 'waits for GPU 0: held by job 20261129-040000-train-llm-0001 (train other)';
    const w = await open({ jobs: [jobView(training, { state: 'queued', reason, pid: null, startedAt: null })] });
    expect(w.text()).toContain('waits for GPU 0: held by job');
    await w.press('s');
    expect(w.text()).toContain('memory may not be');
    await w.press('y');
    expect(w.text()).toContain('starting');
  });

  it.each([
    [80, 24, 'zh'],
    [120, 40, 'zh'],
    [200, 50, 'en'],
  ] as const)('keeps its borders at %i×%i in %s', async (columns, rows, language) => {
    const progress = { phase: 'training', done: 3, total: 48, unit: 'steps', rate: 0.2, secondsLeft: 225, details: {} };
    const jobs = [tuned(), jobView(training, { progress, gpus: [0], tags: ['基线'], note: '第一次' })];
    const w = await open({ columns, rows, language, jobs });
    for (const row of w.rows()) if (row.includes('│')) expect(row.trimEnd().endsWith('│')).toBe(true);
    expect(w.text()).toContain(language === 'zh' ? '备注：第一次' : 'Note: 第一次');
    expect(w.text()).toContain('GPU 0');
  });
});
