import { RagtuiError } from '../platform/errors.ts';
import type { Setting } from './types.ts';

/** `--set key=value`: `true`, `false` and numbers are what they look like, all else is text. Throws `usage`. */
export function parseSettings(texts: readonly string[]): Record<string, Setting> {
  const settings: Record<string, Setting> = {};
  for (const text of texts) {
    const [, key, value] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) {
      throw new RagtuiError(
        'usage',
        `"${text}" is not a setting.`,
        'Give it as --set key=value, e.g. --set max_steps=6.',
      );
    }
    settings[key] = parseValue(value);
  }
  return settings;
}

/** `true`, `false` and numbers are what they look like, all else is text. */
export function parseValue(text: string): Setting {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** Settings over a preset. Throws `usage` for a key that is ours to set. */
export function withSettings(
  preset: Readonly<Record<string, Setting>>,
  settings: Readonly<Record<string, Setting>>,
  ours: readonly string[],
): Record<string, Setting> {
  const taken = Object.keys(settings).find((key) => ours.includes(key));
  if (taken) {
    throw new RagtuiError(
      'usage',
      `${taken} is set by ragtui itself.`,
      'Leave it out; see --dry-run for what will run.',
    );
  }
  return { ...preset, ...settings };
}
