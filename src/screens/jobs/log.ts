import type { LogLine } from '../../../stores/jobs.ts';
import { sanitizeLine } from '../../platform/sanitize.ts';
import { matchText } from '../../ui/match.ts';

const SIGNS = { info: ' ', warn: '!', error: '✗' } as const;

/** The lines of a log that hold every word of `search`, with their time of day. Pure. */
export function logText(lines: readonly LogLine[], search: string): string {
  return lines
    .map(({ time, level, text }) => `${clock(time)} ${SIGNS[level]} ${sanitizeLine(text)}`)
    .filter((line) => search === '' || matchText(line, search) !== undefined)
    .map((line) => `${line}\n`)
    .join('');
}

/** The lines of a text that hold every word of `search`. Pure. */
export function plainText(lines: readonly string[], search: string): string {
  return lines
    .map((line) => sanitizeLine(line))
    .filter((line) => search === '' || matchText(line, search) !== undefined)
    .map((line) => `${line}\n`)
    .join('');
}

function clock(iso: string): string {
  const time = new Date(iso);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
