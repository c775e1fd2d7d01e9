import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../src/cli/program.ts';
import { fixturesDir } from '../../../src/platform/entry.ts';
import { commandOf } from '../../../src/tour/commands.ts';
import { done, NEW_TOUR, SCREEN_OF, skipped, stepNow, stepViews, ticked } from '../../../src/tour/steps.ts';
import { TOUR_STEPS, type TourRecord, tourRecordSchema } from '../../../src/tour/types.ts';
import { NO_FACTS } from '../../store/tour-fakes.ts';
import { allKeyTables } from '../../support/key-tables.ts';

const on: TourRecord = { ...NEW_TOUR, state: 'on' };

describe('the steps', () => {
  it('are ten, of which the first is next in a new tour', () => {
    expect(stepViews(NEW_TOUR).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(stepNow(NEW_TOUR)).toBe('ingest');
  });

  it('tick in any order, and what was done stays done when it is gone', () => {
    const asked = ticked(on, { ...NO_FACTS, datasets: 1 });
    expect(asked.done).toEqual(['dataset']);
    expect(stepNow(asked)).toBe('ingest');
    const later = ticked(asked, { ...NO_FACTS, documents: 6, answers: 1 });
    expect(later.done).toEqual(['dataset', 'ingest', 'ask']);
    expect(stepNow(later)).toBe('passages');
    // The same object where nothing is new: nobody is told, nothing is written.
    expect(ticked(later, { ...NO_FACTS, documents: 6 })).toBe(later);
  });

  it('that need a look are not ticked by what was made', () => {
    const everything = {
      ...NO_FACTS,
      documents: 1,
      answers: 1,
      comparisons: 1,
      datasets: 1,
      prepared: 1,
      trainings: 1,
      evaluations: 1,
    };
    const record = ticked(on, everything);
    expect(TOUR_STEPS.filter((step) => !record.done.includes(step))).toEqual(['passages', 'deploy', 'verdict']);
    expect(ticked(record, { ...NO_FACTS, looked: new Set(['passages', 'deploy', 'verdict']) }).state).toBe('over');
  });

  it('are left out and taken up again; the tour ends with the last, and is on again with one taken up', () => {
    const nearly = { ...on, done: TOUR_STEPS.filter((step) => step !== 'train') };
    const over = skipped(nearly, 'train');
    expect([over.state, stepNow(over)]).toEqual(['over', null]);
    expect(stepViews(over)[6]).toMatchObject({ step: 'train', state: 'skipped' });
    const again = skipped(over, 'train');
    expect([again.state, stepNow(again)]).toEqual(['on', 'train']);
    expect(done(again, 'train').state).toBe('over');
  });

  it('do not put a tour on that was left', () => {
    expect(ticked({ ...NEW_TOUR, state: 'left' }, { ...NO_FACTS, documents: 1 }).state).toBe('left');
  });

  it('are kept in a form that is read again', () => {
    expect(tourRecordSchema.parse(JSON.parse(JSON.stringify(skipped(on, 'train'))))).toEqual(skipped(on, 'train'));
  });

  it('each lead to a screen there is', () => {
    const screens = allKeyTables().map(({ place }) => place);
    for (const step of TOUR_STEPS) expect(screens).toContain(SCREEN_OF[step]);
  });
});

describe('the commands of the steps', () => {
  const program = buildProgram({ run: undefined });

  it.each(TOUR_STEPS)('%s: a command there is, with its options', (step) => {
    const words = commandOf(step, '/samples').split(/\s+/).slice(1);
    let command: Command = program;
    while (words.length > 0) {
      const next = command.commands.find((each) => each.name() === words[0]);
      if (!next) break;
      command = next;
      words.shift();
    }
    expect(command).not.toBe(program);
    const known = command
      .createHelp()
      .visibleOptions(command)
      .map(({ long }) => long);
    expect(words.filter((word) => word.startsWith('--') && !known.includes(word) && word !== '--wait')).toEqual([]);
  });

  it('name files that come along, and quote a folder with a blank', () => {
    for (const step of ['ingest', 'dataset'] as const) {
      const file = commandOf(step, fixturesDir())
        .split(' ')
        .find((word) => word.startsWith(fixturesDir()));
      expect(file && existsSync(file)).toBe(true);
    }
    expect(commandOf('dataset', '/my samples')).toContain("'/my samples/sample-questions.jsonl'");
  });
});

it('the answers of the sample questions stand in their passages, as the documents have them', () => {
  const rows = readFileSync(path.join(fixturesDir(), 'sample-questions.jsonl'), 'utf8').trim().split('\n');
  expect(rows).toHaveLength(24);
  for (const row of rows) {
    const { context, answer } = JSON.parse(row);
    expect(context).toContain(answer);
  }
});
