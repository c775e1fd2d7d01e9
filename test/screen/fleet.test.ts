import { afterEach, describe, expect, it } from 'vitest';
import { answered, unanswered } from '../../src/fleet/seen.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import { setLanguage } from '../../src/ui/i18n/index.ts';
import { jobView } from '../store/fakes.ts';
import { card, hostCalled, lookAt, seenAt, serverSample } from '../store/fleet-samples.ts';
import { frameFaults, openScreens, type ScreensWindow, type World } from './screens-window.tsx';

const AT = '2026-11-23T06:19:00.000Z';
const gone = new RagtuiError('network', 'gpu cannot be reached: it does not answer.', 'Try "ssh gpu" by hand.');
const training = {
  kind: 'train-llm',
  dataset: 'd',
  split: 'train',
  base: 'b',
  name: 'mine',
  preset: 'cpu',
  settings: {},
  seed: 1,
  launcher: 'ssh:gpu',
} as const;

const windows: ScreensWindow[] = [];
async function open(world: Partial<World> = {}): Promise<ScreensWindow> {
  const w = await openScreens({
    columns: 120,
    rows: 40,
    language: 'en',
    fleet: { hosts: [hostCalled('gpu')] },
    ...world,
  });
  windows.push(w);
  await w.press(',');
  await w.rest();
  return w;
}
/** What the gatherer tells of the host. */
async function see(w: ScreensWindow, seen = seenAt(AT)): Promise<void> {
  w.fleet.see({ place: 'gpu', seen, servers: null });
  await w.rest();
}
afterEach(() => {
  for (const w of windows.splice(0)) w.dispose();
  setLanguage('en');
});

describe('the fleet screen', () => {
  it('says how to add a machine where there is none, and looks only while it is open', async () => {
    const w = await open({ fleet: {} });
    expect(w.text()).toContain('this machine');
    expect(w.text().replace(/[│┃\s]+/g, ' ')).toContain('ragtui hosts add HOST');
    expect(w.fleet.watchers()).toBe(1);
    await w.press('1');
    expect(w.fleet.watchers()).toBe(0);
  });

  it('shows a host that nobody has seen as unknown, never as nothing', async () => {
    const w = await open();
    expect(w.text()).toMatch(/gpu +not seen yet +–/);
    await w.press('down');
    expect(w.text()).toMatch(/Cores +16 +20m 00s/);
    expect(w.text()).toMatch(/Load +unknown/);
    expect(w.text()).toMatch(/Engines +unknown/);
    await w.press('s');
    expect(w.text()).toMatch(/0 NVIDIA H200 +– +–\/151 GB +unknown/);
    await w.press('s', 's');
    expect(w.text()).toContain('Servers were not looked at yet.');
  });

  it('tells how old a fact is, and lets it grow older by the clock', async () => {
    const w = await open();
    await see(w);
    await w.press('down');
    expect(w.text()).toMatch(/gpu +reached +1m 00s +0 +4\.5\/16/);
    expect(w.text()).toMatch(/Busy +25% +1m 00s/);
    expect(w.text()).toMatch(/Disk +120 GB free of 500 GB \(\/home\/me\) +1m 00s/);
    w.fleet.pass(75);
    await w.rest();
    expect(w.text()).toMatch(/Busy +25% +2m 15s/);
  });

  it('says since when a host cannot be reached, with what it last said', async () => {
    const w = await open({ columns: 80, rows: 24 });
    await see(w, unanswered(answered(undefined, lookAt(AT)), gone, '2026-11-23T06:19:30.000Z'));
    await w.press('down');
    expect(w.text()).toMatch(/gpu +unreachable +1m 00s/);
    expect(w.text().replace(/[│┃\s]+/g, ' ')).toMatch(/unreachable since .* \(30s ago\): gpu cannot be reached/);
    expect(w.text()).toMatch(/Load +4\.50 +1m 00s/);
  });

  it('shows who has a GPU, what a job waits for, and what a server does', async () => {
    const job = jobView(training, {
      state: 'queued',
      reason: 'waits for 1 of 1 GPUs there',
      far: { host: 'gpu', run: 'run-1', open: true },
    });
    const w = await open({ jobs: [job] });
    const gpus = { state: 'ok' as const, gpus: [card(0)], processes: [{ pid: 7, gpu: 'GPU-0', memory: null }] };
    const hold = { owner: 'run-1', name: '', devices: [], waits: 'waits for 1 of 1 GPUs there', position: null };
    await see(w, seenAt(AT, { gpus, holds: [hold] }));
    w.fleet.see({ place: '', seen: seenAt(AT), servers: [serverSample({ url: 'http://gpu:8000/v1' })] });
    await w.rest();
    await w.press('down', 's');
    expect(w.text()).toMatch(/0 NVIDIA H200 +50% +41\.9 GB\/151 GB 1 not ours/);
    await w.press('s');
    expect(w.text()).toMatch(/ waits for 1 of 1 GPUs there/);
    await w.press('s');
    expect(w.text()).toMatch(/qwen +answers +3\+1 +812/);
    expect(w.text()).toContain('http://gpu:8000/v1');
  });

  it('of a server of an embedder’s pool it says what was asked of it, since when it is left out, and its vectors', async () => {
    const url = 'http://10.0.0.8:8000/v1';
    const at = Date.parse(AT);
    const asked = {
      url,
      state: 'down',
      why: 'gone',
      since: at,
      askedAt: at,
      inFlight: 0,
      requests: 4,
      failures: 4,
    } as const;
    const w = await open();
    const canary = { url, at, kept: true, cosine: 1 };
    w.fleet.see({ place: '', seen: seenAt(AT), servers: [serverSample({ url, asked, canary })] });
    await w.rest();
    await w.press('s', 's', 's');
    const said = w.text().replace(/[\s│┃]+/g, ' ');
    expect(said).toMatch(/10\.0\.0\.8:8000\/v1 · left out since/);
    expect(said).toContain('4 requests · 4 failed');
    expect(said).toContain('vectors as promised at');
  });

  it('drains a host and lets it take jobs again; this machine cannot be drained', async () => {
    const w = await open();
    await w.press('d');
    expect(w.text()).toContain('only other machines can be drained');
    await w.press('down', 'd');
    await w.rest();
    expect(w.text()).toContain('takes no new jobs since');
    await w.press('d');
    expect(w.fleet.asked).toEqual(['drain gpu', 'undrain gpu']);
    expect(w.text()).not.toContain('takes no new jobs since');
  });

  it('opens the log of a job, stops it, and requeues one that ended unless its host is drained', async () => {
    const running = jobView(training);
    const w = await open({ jobs: [running] });
    await see(w);
    await w.press('down', 'l');
    expect(w.text()).toContain('there is no job under the cursor');
    await w.press('s', 's', 'r');
    expect(w.text()).toContain('it is still running');
    await w.press('l');
    expect(w.ui.getState()).toMatchObject({ screen: 'jobs', focus: { jobs: 'log' } });
    expect(w.stores.jobs.getState().selected).toBe(running.spec.id);

    const ended = jobView(training, { state: 'failed', endedAt: AT, pid: null });
    const other = await open({ jobs: [ended], fleet: { hosts: [hostCalled('gpu', { drainedAt: AT })] } });
    await see(other);
    await other.press('down', 's', 's', 'r');
    expect(other.text()).toContain('gpu takes no new jobs: it is drained');
    await other.press('d', 'r');
    await other.rest();
    expect(other.jobs.launched).toEqual([training]);
  });

  it('asks anew on demand, and says when nobody looks any more', async () => {
    const w = await open();
    await w.press('u');
    expect([w.fleet.watched(), w.fleet.watchers()]).toEqual([2, 1]);
    for (let i = 0; i < 4; i += 1) w.fleet.die('The helper process died (SIGKILL).');
    await w.rest();
    expect(w.text().replace(/[│┃\s]+/g, ' ')).toContain('Nobody looks any more: The helper process died');
    await w.press('u');
    expect(w.fleet.watchers()).toBe(1);
    expect(w.text()).not.toContain('Nobody looks');
  });

  it.each([
    [80, 24, 'en'],
    [80, 24, 'zh'],
    [120, 40, 'zh'],
  ] as const)('fits %i × %i in %s', async (columns, rows, language) => {
    const gpus = { state: 'ok' as const, gpus: [card(0), card(1)], processes: [] };
    const w = await open({ columns, rows, language, jobs: [jobView(training)] });
    await see(w, unanswered(seenAt(AT, { gpus }), gone, '2026-11-23T06:19:30.000Z'));
    await w.press('down');
    for (let part = 0; part < 4; part += 1) {
      expect(frameFaults(w.rows(), columns, rows)).toEqual([]);
      await w.press('s');
    }
    expect(w.text()).toContain(language === 'zh' ? '机器' : 'Machine');
  });
});
