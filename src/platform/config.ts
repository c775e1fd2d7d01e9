import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { errnoOf, RagtuiError, toRagtuiError } from './errors.ts';

const interfaceSchema = z.object({
  /** Of the screens; content is in whatever language it is. */
  language: z.enum(['en', 'zh']).default('en'),
  theme: z.enum(['dark', 'light', 'ansi', 'none']).default('dark'),
  mouse: z.boolean().default(true),
  /** How a finished job calls: the bell, an OSC 9 notification, or not at all. */
  notify: z.enum(['bell', 'osc9', 'none']).default('bell'),
});

const defaultsSchema = z.object({
  kb: z.string().min(1).optional(),
  /** Catalogue id or name of an endpoint. */
  llm: z.string().min(1).optional(),
  prompt: z.string().min(1).default('default'),
  mode: z.enum(['vector', 'bm25', 'hybrid']).default('hybrid'),
  top_k: z.number().int().min(1).max(100).default(3),
  reranker: z.string().min(1).optional(),
});

const ingestSchema = z.object({
  /** Processes that read files; without it, one a core but one, 8 at most. */
  parsers: z.number().int().min(1).max(64).optional(),
  /** Processes of an embedder that runs here; without it, one a core but one. */
  embedders: z.number().int().min(1).max(64).optional(),
});

const networkSchema = z.object({
  /** PEM file with certificates that are trusted besides the usual ones: of a company's proxy, of a server of one's own. */
  ca_file: z.string().min(1).optional(),
});

const servingSchema = z.object({
  /** GiB that all embedded servers may take together; without it, what the machine has available. */
  memory_gib: z.number().positive().optional(),
});

/** A prompt of the user's own: `{context}` and `{question}` are filled in. */
const promptSchema = z.object({ system: z.string().default(''), user: z.string() });

/** `config.toml` in the XDG config folder. Every key has a default, so that no file is needed. */
export const settingsSchema = z.object({
  interface: interfaceSchema.prefault({}),
  defaults: defaultsSchema.prefault({}),
  ingest: ingestSchema.prefault({}),
  serving: servingSchema.prefault({}),
  network: networkSchema.prefault({}),
  prompts: z.record(z.string(), promptSchema).default({}),
  /** Action id → keys, instead of the ones it comes with: `"ask.cancel" = ["esc"]`. */
  keys: z.record(z.string(), z.array(z.string())).default({}),
});
export type Settings = z.output<typeof settingsSchema>;

export interface LoadedSettings {
  readonly settings: Settings;
  /** One line each: a bad line never stops the program. */
  readonly warnings: readonly string[];
}

/** Reads the settings. A missing file is the defaults; a bad line or value is a warning and its default. */
export function loadSettings(file: string): LoadedSettings {
  try {
    return parseSettings(readFileSync(file, 'utf8'), path.basename(file));
  } catch (error) {
    const settings = settingsSchema.parse({});
    if (errnoOf(error) === 'ENOENT') return { settings, warnings: [] };
    return { settings, warnings: [`${file} could not be read: ${toRagtuiError(error).message}`] };
  }
}

const { language, theme, mouse } = interfaceSchema.shape;
const chosenSchema = z.object({
  language: language.removeDefault().optional().catch(undefined),
  theme: theme.removeDefault().optional().catch(undefined),
  mouse: mouse.removeDefault().optional().catch(undefined),
});

/** What the file itself says of the screens, without the defaults: where it is silent, the environment is asked. */
export function chosenInterface(file: string): z.output<typeof chosenSchema> {
  try {
    return chosenSchema.parse(parse(readFileSync(file, 'utf8'))['interface']);
  } catch {
    // No file, no such table, or a broken one, of which the settings themselves warn.
    return {};
  }
}

/** `loadSettings` for text; `name` is what warnings call it. */
export function parseSettings(text: string, name = 'config.toml'): LoadedSettings {
  const { table, warnings } = parseTolerantly(text, name);
  let candidate: unknown = table;
  // Each round takes out one bad value; the number of values bounds the rounds.
  for (;;) {
    const parsed = settingsSchema.safeParse(candidate);
    if (parsed.success) {
      return {
        settings: parsed.data,
        warnings: [...warnings, ...unknownKeys(table).map((key) => `${name}: ${key} is not a setting; it is ignored.`)],
      };
    }
    const issue = parsed.error.issues[0];
    const where = (issue?.path ?? []).map(String);
    if (where.length === 0) return { settings: settingsSchema.parse({}), warnings };
    warnings.push(`${name}: ${where.join('.')}: ${issue?.message ?? 'invalid'}; its default is used.`);
    candidate = without(candidate, where);
  }
}

/** Parses line by line in effect: a line that is not TOML is blanked, told of, and the rest is kept. */
function parseTolerantly(text: string, name: string): { table: unknown; warnings: string[] } {
  const lines = text.split('\n');
  const warnings: string[] = [];
  for (;;) {
    try {
      return { table: parse(lines.join('\n')), warnings };
    } catch (error) {
      const line = error instanceof TomlError ? Math.min(error.line, lines.length) - 1 : -1;
      const guilty = lastFilled(lines, line);
      if (guilty < 0) return { table: {}, warnings: [...warnings, `${name} is not TOML; defaults are used.`] };
      const why =
        error instanceof Error ? (error.message.split('\n')[0] ?? '').replace('Invalid TOML document: ', '') : '';
      warnings.push(`${name} line ${guilty + 1}: ${why}; the line is ignored.`);
      lines[guilty] = '';
    }
  }
}

/** The parser may point at the line after the one that is unfinished. */
function lastFilled(lines: readonly string[], from: number): number {
  let line = from;
  while (line >= 0 && lines[line]?.trim() === '') line--;
  return line;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function without(value: unknown, where: readonly string[]): unknown {
  const [first, ...rest] = where;
  if (!isTable(value) || first === undefined) return value;
  const { [first]: inner, ...others } = value;
  if (rest.length === 0 || !isTable(inner)) return others;
  return { ...others, [first]: without(inner, rest) };
}

function unknownKeys(table: unknown): string[] {
  if (!isTable(table)) return [];
  const known: Record<string, readonly string[] | undefined> = {
    interface: Object.keys(interfaceSchema.shape),
    defaults: Object.keys(defaultsSchema.shape),
    ingest: Object.keys(ingestSchema.shape),
    serving: Object.keys(servingSchema.shape),
    network: Object.keys(networkSchema.shape),
    prompts: undefined,
    keys: undefined,
  };
  return Object.entries(table).flatMap(([section, value]) => {
    if (!(section in known)) return [section];
    const keys = known[section];
    if (!keys || !isTable(value)) return [];
    return Object.keys(value)
      .filter((key) => !keys.includes(key))
      .map((key) => `${section}.${key}`);
  });
}

export type SettingValue = string | number | boolean;

/**
 * Changes one setting in the file, keeping comments and everything else; writes under a temporary name and renames.
 * Errors: `invalid` when the value is not allowed there, `permission`, `disk-full`.
 */
export function saveSetting(file: string, section: 'interface' | 'defaults', key: string, value: SettingValue): void {
  const schema = section === 'interface' ? interfaceSchema : defaultsSchema;
  const parsed = schema.strict().safeParse({ [key]: value });
  if (!parsed.success) {
    throw new RagtuiError('invalid', `${section}.${key}: ${parsed.error.issues[0]?.message ?? 'not allowed'}.`);
  }
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, withSetting(textOf(file), section, key, value), { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    throw toRagtuiError(error);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** The text with `key = value` in `[section]`: its line replaced, or added at the section's end. Pure. */
export function withSetting(text: string, section: string, key: string, value: SettingValue): string {
  // A JSON string is a TOML basic string.
  const setting = `${key} = ${JSON.stringify(value)}`;
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const header = lines.findIndex((line) => line.replace(/#.*/, '').trim() === `[${section}]`);
  if (header < 0) return [...lines, ...(lines.length > 0 ? [''] : []), `[${section}]`, setting, ''].join('\n');
  let end = lines.findIndex((line, index) => index > header && line.trim().startsWith('['));
  if (end < 0) end = lines.length;
  const at = lines.findIndex((line, index) => index > header && index < end && line.split('=')[0]?.trim() === key);
  if (at >= 0) return [...lines.slice(0, at), setting, ...lines.slice(at + 1), ''].join('\n');
  while (end > header + 1 && lines[end - 1]?.trim() === '') end--;
  return [...lines.slice(0, end), setting, ...lines.slice(end), ''].join('\n');
}
