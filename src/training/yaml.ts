import type { Setting } from './types.ts';

/**
 * Keys and values as YAML, one a line, in their order. Strings are quoted as in JSON, which YAML reads the same way; a
 * small number gets a point, since YAML takes `1e-5` for a string.
 */
export function toYaml(settings: Readonly<Record<string, Setting>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${scalar(value)}\n`)
    .join('');
}

function scalar(value: Setting): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  const text = String(value);
  return /^-?\d+e/.test(text) ? text.replace('e', '.0e') : text;
}
