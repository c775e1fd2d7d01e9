import { expect, it } from 'vitest';
import { cursorColumn } from '../../../src/doctor/cells.ts';
import { examine } from '../../../src/doctor/examine.ts';
import { CHECKS } from '../../../src/doctor/registry.ts';
import { fakeProbe } from './fake-probe.ts';

it('a check that throws has failed, and the others are made all the same; secrets are masked', async () => {
  const results = await examine(fakeProbe(), [
    { id: 'a', name: 'A', run: () => Promise.reject(new Error('broke')) },
    { id: 'b', name: 'B', run: () => [{ state: 'ok', detail: 'http://me:hunter2@proxy:3128' }] },
  ]);
  expect(results.map(({ id, state }) => [id, state])).toEqual([
    ['a', 'fail'],
    ['b', 'ok'],
  ]);
  expect(results[0]?.detail).toContain('broke');
  expect(results[1]?.detail).not.toContain('hunter2');
});

it('every check has an id and a name of its own, and is content with a machine where nothing is wrong', async () => {
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
  expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
  const results = await examine(fakeProbe({ env: { TERM: 'xterm-256color', LANG: 'C.UTF-8' } }));
  expect(results.filter(({ state }) => state === 'fail')).toEqual([]);
  expect(new Set(results.map(({ id }) => id)).size).toBe(CHECKS.length);
});

it('reads a cursor report out of what else a terminal sends', () => {
  expect(cursorColumn('\u001b[12;3R')).toBe(3);
  expect(cursorColumn('ab\u001b[I\u001b[1;121R')).toBe(121);
  expect(cursorColumn('\u001b[12;')).toBeUndefined();
});
