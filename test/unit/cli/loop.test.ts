import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLoopFiles } from '../../../src/cli/loop/files.ts';
import { loopReport, loopTotal } from '../../../src/cli/loop/report.ts';
import { beginLoop, runLoop } from '../../../src/cli/loop/run-loop.ts';
import { loopSteps } from '../../../src/cli/loop/steps.ts';
import { type LoopOutcome, type LoopStep, type LoopWorld, SIZES } from '../../../src/cli/loop/types.ts';
import { Output } from '../../../src/cli/output.ts';
import { workspacePaths } from '../../../src/platform/paths.ts';

let home: string;
const said: string[] = [];
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), 'ragtui loop '));
  said.length = 0;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function world(signal = new AbortController().signal): LoopWorld {
  const sink = { write: (text: string) => said.push(text) };
  const out = new Output({ json: false, quiet: false, color: false }, sink, sink);
  return {
    paths: workspacePaths(home, {}),
    env: {},
    signal,
    out,
    sizes: SIZES.quick,
    files: { financial: '', cmrc: '' },
  };
}

/** Steps that note that they ran; `outcomes` are what each answers, one attempt after another. */
function scripted(outcomes: Record<string, (LoopOutcome | Error)[]>, until: Record<string, string> = {}) {
  const ran: string[] = [];
  const steps = Object.entries(outcomes).map(([name, answers]): LoopStep => {
    const after = until[name];
    return {
      name,
      command: () => `do ${name}`,
      ...(after === undefined ? {} : { until: after }),
      run: async () => {
        ran.push(name);
        const answer = answers[ran.filter((one) => one === name).length - 1];
        if (answer instanceof Error || !answer) throw answer ?? new Error(`${name} ran too often`);
        return answer;
      },
    };
  });
  return { ran, steps };
}
const fine = (detail = 'done'): LoopOutcome => ({ ok: true, detail });
const stop: LoopStep = { name: 'stop', command: () => 'stop', run: async () => fine('stopped') };

describe('the loop', () => {
  test('goes on where it was ended; what lasts is not done again, what serves a step still to come is', async () => {
    const { ran, steps } = scripted(
      {
        data: [fine()],
        train: [fine()],
        serve: [fine(), fine('again')],
        compare: [new Error('broke'), fine()],
        eval: [fine()],
      },
      { serve: 'compare' },
    );
    const first = await runLoop(world(), steps, stop, beginLoop(home, 'quick'));
    expect(ran).toEqual(['data', 'train', 'serve', 'compare']);
    expect(first.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['data', true],
      ['train', true],
      ['serve', true],
      ['compare', false],
      ['stop', true],
    ]);
    expect(loopTotal(first, ['data', 'compare']).ok).toBe(false);

    ran.length = 0;
    const { steps: more } = scripted({
      data: [new Error('again')],
      train: [new Error('again')],
      serve: [fine('again')],
      compare: [fine()],
      eval: [fine()],
    });
    const second = await runLoop(world(), withUntil(more), stop, beginLoop(home, 'quick'));
    expect(second.steps.every(({ ok }) => ok)).toBe(true);
    expect(second.sessions).toBe(2);
    expect(second.steps.find(({ name }) => name === 'serve')).toMatchObject({ attempts: 2, detail: 'again' });
    expect(second.steps.find(({ name }) => name === 'data')).toMatchObject({ attempts: 1 });

    const { ran: third, steps: nothing } = scripted({ data: [], train: [], serve: [], compare: [], eval: [] });
    await runLoop(world(), withUntil(nothing), stop, beginLoop(home, 'quick'));
    expect(third).toEqual([]);
  });

  test('the time of an attempt that was killed counts', async () => {
    const begun = { ...beginLoop(home, 'quick'), attempts: { train: { count: 1, seconds: 100 } } };
    const { steps } = scripted({ train: [fine()] });
    const state = await runLoop(world(), steps, stop, begun);
    expect(state.steps[0]).toMatchObject({ name: 'train', attempts: 2 });
    expect(state.steps[0]?.seconds).toBeGreaterThanOrEqual(100);
    expect(state.steps[0]?.seconds).toBeLessThan(110);
  });

  test('an interrupt ends it, and it is stopped all the same', async () => {
    const controller = new AbortController();
    const { ran, steps } = scripted({ data: [fine()], train: [fine()] });
    const [data, ...others] = steps;
    if (!data) throw new Error('no step');
    const interrupting: LoopStep = {
      ...data,
      run: (given) => {
        controller.abort();
        return data.run(given);
      },
    };
    const state = await runLoop(world(controller.signal), [interrupting, ...others], stop, beginLoop(home, 'quick'));
    expect(ran).toEqual(['data']);
    expect(state.steps.map(({ name }) => name)).toEqual(['data', 'stop']);
  });

  test('a workspace begun in one size is not gone on with in the other', async () => {
    await runLoop(world(), [], stop, beginLoop(home, 'quick'));
    expect(() => beginLoop(home, 'full')).toThrow(/begun with --quick/);
  });
});

const withUntil = (steps: readonly LoopStep[]): LoopStep[] =>
  steps.map((step) => (step.name === 'serve' ? { ...step, until: 'compare' } : step));

test('the report tells time without installs, what failed, the verdicts; never where the workspace is', async () => {
  const markdown = [`made in ${home}/tuned`];
  const verdicts = ['tuned is better than base.'];
  const { steps } = scripted({
    engines: [{ ok: true, detail: 'three', notCounted: 1e6 }],
    eval: [{ ok: false, detail: '2 errors | one', markdown, verdicts }],
  });
  const state = await runLoop(world(), steps, stop, beginLoop(home, 'quick'));
  const total = loopTotal(state, ['engines', 'eval', 'stop']);
  expect(total.ok).toBe(false);
  expect(total.seconds).toBeLessThan(0);
  const report = loopReport(state, total, home);
  expect(report).toContain('**Not every step passed its check.**');
  expect(report).toContain('installing) | yes | three |');
  expect(report).toContain('| **no** | 2 errors \\| one |');
  expect(report).toMatch(/## Verdicts\n\n- tuned is better than base\./);
  expect(report).not.toContain(home);
  expect(report).toContain('made in WORKSPACE/tuned');
});

test('the data is found beside its name or in its own folder; what is missing is named with where it is had', () => {
  expect(() => findLoopFiles(home)).toThrow(/Financial-QA-10k\.csv and cmrc2018_trial\.json/);
  writeFileSync(path.join(home, 'Financial-QA-10k.csv'), '');
  expect(() => findLoopFiles(home)).toThrow(/needs cmrc2018_trial\.json,/);
  mkdirSync(path.join(home, 'cmrc2018'));
  writeFileSync(path.join(home, 'cmrc2018', 'cmrc2018_trial.json'), '');
  expect(findLoopFiles(home)).toEqual({
    financial: path.join(home, 'Financial-QA-10k.csv'),
    cmrc: path.join(home, 'cmrc2018', 'cmrc2018_trial.json'),
  });
});

test('every step has a name of its own, and waits only for a step that comes later', () => {
  const names = loopSteps.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  loopSteps.forEach(({ until }, index) => {
    if (until !== undefined) expect(names.indexOf(until)).toBeGreaterThan(index);
  });
});
