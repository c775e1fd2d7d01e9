import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../../src/cli/program.ts';
import { parseColumn } from '../../../src/rag/columns.ts';
import { allKeyTables } from '../../support/key-tables.ts';
import { COLUMN_SETTINGS, COMMANDS_NOT_YET, GLOBAL_OPTIONS, PROMISED } from '../../support/promised-commands.ts';

const program = buildProgram({ run: undefined });

function find(words: string): Command | undefined {
  let at: Command | undefined = program;
  for (const word of words.split(' ')) at = at?.commands.find((command) => command.name() === word);
  return at;
}

/** As they stand in the help, which leaves out what is hidden. */
const optionsOf = (command: Command): string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .map(({ long }) => long ?? '');

test.each(PROMISED)('ragtui $command is there, with its options', ({ command, options = [] }) => {
  const found = find(command);
  expect(found?.name(), command).toBe(command.split(' ').at(-1));
  expect(found?.description()).not.toBe('');
  expect(found && optionsOf(found)).toEqual(expect.arrayContaining([...options]));
});

test('the options of every command are there', () => {
  expect(optionsOf(program)).toEqual(expect.arrayContaining(GLOBAL_OPTIONS));
});

test('what is listed as not there yet is not there: a built command moves to the list of promises', () => {
  expect(COMMANDS_NOT_YET.filter((command) => find(command) !== undefined)).toEqual([]);
  const built = PROMISED.flatMap(({ command, notYet = [] }) => {
    const found = find(command);
    return notYet
      .filter((option) => found && optionsOf(found).includes(option))
      .map((option) => `${command} ${option}`);
  });
  expect(built).toEqual([]);
});

test('every visible command has a word of help in the list of its parent', () => {
  const nameless = (command: Command): string[] =>
    command.commands.flatMap((child) => [...(child.description() === '' ? [child.name()] : []), ...nameless(child)]);
  expect(nameless(program)).toEqual([]);
});

test.each(Object.entries(COLUMN_SETTINGS))('a column can be given %s', (name, value) => {
  expect(() => parseColumn(`name=c${name === 'llm' ? '' : ',llm=m'},${name}=${value}`)).not.toThrow();
});

test('the command that an action of a screen names is there, with the options named', () => {
  // Its command is `compare export ID --format …` by now: goes with the next change of that table.
  const stale = 'compare.export';
  const wrong = allKeyTables()
    .flatMap(({ actions }) => actions)
    .filter(({ id }) => id !== stale)
    .flatMap(({ id, command = '' }) => {
      const words = command.split(/\s+/).slice(1);
      if (words.length === 0) return [];
      const named = find(words.slice(0, 2).join(' ')) ?? find(words[0] ?? '');
      if (!named) return [`${id}: ${command}`];
      const known = optionsOf(named);
      const options = words.flatMap((word) => /^\[?(--[a-z-]+)/.exec(word)?.[1] ?? []);
      return options.filter((option) => !known.includes(option)).map((option) => `${id}: ${command} has no ${option}`);
    });
  expect(wrong).toEqual([]);
});
