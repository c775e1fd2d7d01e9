import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSettings, parseSettings, saveSetting, withSetting } from '../../../src/platform/config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('without a file there are defaults and no warning', () => {
  const { settings, warnings } = loadSettings(path.join(folder, 'config.toml'));
  expect(warnings).toEqual([]);
  expect(settings.interface).toEqual({ language: 'en', theme: 'dark', mouse: true, notify: 'bell' });
  expect(settings.defaults).toEqual({ prompt: 'default', mode: 'hybrid', top_k: 3 });
});

test('a good file is read', () => {
  const { settings, warnings } = parseSettings(
    '[interface]\nlanguage = "zh"\nmouse = false\n[defaults]\nllm = "my-model"\n[keys]\n"ask.cancel" = ["esc", "ctrl+x"]\n[prompts.short]\nuser = "{context} {question}"\n',
  );
  expect(warnings).toEqual([]);
  expect(settings.interface.language).toBe('zh');
  expect(settings.interface.mouse).toBe(false);
  expect(settings.defaults.llm).toBe('my-model');
  expect(settings.keys).toEqual({ 'ask.cancel': ['esc', 'ctrl+x'] });
  expect(settings.prompts).toEqual({ short: { system: '', user: '{context} {question}' } });
});

test('a bad value is a warning and its default; the rest holds', () => {
  const { settings, warnings } = parseSettings('[interface]\ntheme = "pink"\nlanguage = "zh"\n[defaults]\ntop_k = 0\n');
  expect(settings.interface.theme).toBe('dark');
  expect(settings.interface.language).toBe('zh');
  expect(settings.defaults.top_k).toBe(3);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/^config\.toml: interface\.theme: .*; its default is used\.$/);
  expect(warnings[1]).toMatch(/^config\.toml: defaults\.top_k: .*; its default is used\.$/);
});

test('a line that is not TOML is told of by number and left out; the rest holds', () => {
  const { settings, warnings } = parseSettings('[interface]\nlanguage = "zh"\nthis is no TOML\ntheme = "light"\n');
  expect(settings.interface.language).toBe('zh');
  expect(settings.interface.theme).toBe('light');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^config\.toml line 3: .*; the line is ignored\.$/);
});

test.each(['[', '"', '[[[', 'a = """', 'a = 1\na = 2', '\u0000', '= = =\n= = ='])(
  'nothing in a file stops the program: %j',
  (text) => {
    const { settings, warnings } = parseSettings(text);
    expect(settings.interface.theme).toBe('dark');
    expect(warnings.length).toBeGreaterThan(0);
  },
);

test('an unknown key is told of', () => {
  expect(parseSettings('[interface]\ncolour = "red"\n[nonsense]\n').warnings).toEqual([
    'config.toml: interface.colour is not a setting; it is ignored.',
    'config.toml: nonsense is not a setting; it is ignored.',
  ]);
});

test('changing a setting keeps comments and other lines', () => {
  const text = '# mine\n[interface]\ntheme = "dark" # at night\nmouse = true\n\n[keys]\n"a.b" = ["x"]\n';
  expect(withSetting(text, 'interface', 'theme', 'light')).toBe(
    '# mine\n[interface]\ntheme = "light"\nmouse = true\n\n[keys]\n"a.b" = ["x"]\n',
  );
  expect(withSetting(text, 'interface', 'language', 'zh')).toBe(
    '# mine\n[interface]\ntheme = "dark" # at night\nmouse = true\nlanguage = "zh"\n\n[keys]\n"a.b" = ["x"]\n',
  );
  expect(withSetting(text, 'defaults', 'top_k', 5)).toBe(`${text}\n[defaults]\ntop_k = 5\n`);
  expect(withSetting('', 'defaults', 'kb', 'a "b"')).toBe('[defaults]\nkb = "a \\"b\\""\n');
});

test("a saved setting is read back; the file is its owner's; a value that is not allowed is refused", () => {
  const file = path.join(folder, 'deep', 'config.toml');
  saveSetting(file, 'interface', 'theme', 'ansi');
  saveSetting(file, 'defaults', 'kb', '知识库');
  expect(loadSettings(file).settings.interface.theme).toBe('ansi');
  expect(loadSettings(file).settings.defaults.kb).toBe('知识库');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const before = readFileSync(file, 'utf8');
  expect(() => saveSetting(file, 'interface', 'theme', 'pink')).toThrow(/interface\.theme/);
  expect(() => saveSetting(file, 'interface', 'nonsense', 1)).toThrow();
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('a file that cannot be read is a warning', () => {
  writeFileSync(path.join(folder, 'x'), '');
  const { warnings } = loadSettings(path.join(folder, 'x', 'config.toml'));
  expect(warnings).toHaveLength(1);
});
