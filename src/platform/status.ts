/**
 * What is waited for, in English words, as commands print it. Screens find the same sentence in their own language
 * (`status.CODE` of `src/ui/i18n`), since a template reads back what it wrote.
 */
const STATUS = {
  retry: 'waits {seconds} s: {why} (try {attempt} of {most})',
  limit: 'waits {seconds} s: {why}',
  turn: 'waits its turn: {count} at a time',
  away: 'waits until it is back: {why}',
  startingPhase: 'starting {name}: {phase}',
  starting: 'starting {name}',
  loading: 'loading {name} into the server of {model}',
  stopping: 'stopping {name}, which is idle, to make room for {other}',
  asked: 'the server asked for it',
  requests: '{count} requests a minute',
  tokens: '{count} tokens a minute',
  silent: 'nothing answers',
  closed: 'connection closed',
} as const;

export type StatusCode = keyof typeof STATUS;
export type StatusValues = Readonly<Record<string, string>>;

/** A status in English. Pure. */
export function statusText(code: StatusCode, values: Readonly<Record<string, string | number>> = {}): string {
  return STATUS[code].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Which status a text is; undefined for any other text (a log line of an engine, say). Pure. */
export function readStatus(text: string): { readonly code: StatusCode; readonly values: StatusValues } | undefined {
  for (const { code, pattern } of PATTERNS) {
    const found = pattern.exec(text);
    if (found) return { code, values: { ...found.groups } };
  }
  return undefined;
}

const CODES: readonly StatusCode[] = [
  'retry',
  'limit',
  'turn',
  'away',
  'startingPhase',
  'starting',
  'loading',
  'stopping',
  'asked',
  'requests',
  'tokens',
  'silent',
  'closed',
];
/** The first that fits counts: the longer of two that begin alike comes before the other. */
const PATTERNS = CODES.map((code) => ({ code, pattern: patternOf(STATUS[code]) }));

function patternOf(template: string): RegExp {
  const escaped = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\{(\w+)\}/g, '(?<$1>.+?)')}$`, 's');
}
